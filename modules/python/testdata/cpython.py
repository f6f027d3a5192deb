"""As much of unittest and of test.support as CPython's tests of the language need, in one script.

The test that runs it puts the name and the text of a file of CPython's before it, as NAME and TEXT,
and as SHARED the names and texts of others that it imports. The result is what came of each of its tests.
"""

import contextlib
import gc
import re
import sys
import types


class SkipTest(Exception):
    pass


def skip(why=""):
    def mark(it):
        it.skipped = True
        return it
    return mark(why) if callable(why) else mark


def skip_if(condition, why=""):
    return skip(why) if condition else lambda it: it


class Raises:
    def __init__(self, case, kind, pattern=None):
        self.case, self.kind, self.pattern, self.exception = case, kind, pattern, None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            raise AssertionError(f"{self.kind} is not raised")
        if not isinstance(error, self.kind):
            return False
        self.exception = error.with_traceback(None)
        if self.pattern is not None and not re.search(self.pattern, str(error)):
            raise AssertionError(f"{error} does not match {self.pattern}")
        return True


class TestCase:
    maxDiff = longMessage = failureException = None
    failureException = AssertionError

    def __init__(self, name="runTest"):
        self._testMethodName = name
        self._cleanups = []

    def setUp(self): pass
    def tearDown(self): pass
    @classmethod
    def setUpClass(cls): pass
    @classmethod
    def tearDownClass(cls): pass
    def id(self): return self._testMethodName
    def addCleanup(self, f, *args, **kwargs): self._cleanups.append((f, args, kwargs))
    def skipTest(self, why): raise SkipTest(why)
    def fail(self, why=None): raise AssertionError(why)
    def addTypeEqualityFunc(self, kind, f): pass
    def subTest(self, *args, **kwargs): return contextlib.nullcontext()

    def _check(self, good, *about):
        if not good:
            raise AssertionError(about)

    def assertEqual(self, a, b, msg=None): self._check(a == b, a, b, msg)
    assertListEqual = assertTupleEqual = assertDictEqual = assertSetEqual = assertEqual
    assertSequenceEqual = assertMultiLineEqual = assertEquals = assertEqual
    def assertSequenceEqual(self, a, b, msg=None, seq_type=None): self._check(list(a) == list(b), a, b)
    def assertNotEqual(self, a, b, msg=None): self._check(a != b, a, b, msg)
    def assertTrue(self, a, msg=None): self._check(a, msg)
    def assertFalse(self, a, msg=None): self._check(not a, msg)
    def assertIs(self, a, b, msg=None): self._check(a is b, a, b, msg)
    def assertIsNot(self, a, b, msg=None): self._check(a is not b, a, b, msg)
    def assertIsNone(self, a, msg=None): self._check(a is None, a, msg)
    def assertIsNotNone(self, a, msg=None): self._check(a is not None, msg)
    def assertIn(self, a, b, msg=None): self._check(a in b, a, b, msg)
    def assertNotIn(self, a, b, msg=None): self._check(a not in b, a, b, msg)
    def assertIsInstance(self, a, b, msg=None): self._check(isinstance(a, b), a, b, msg)
    def assertNotIsInstance(self, a, b, msg=None): self._check(not isinstance(a, b), a, b, msg)
    def assertIsSubclass(self, a, b, msg=None): self._check(issubclass(a, b), a, b, msg)
    def assertHasAttr(self, a, b, msg=None): self._check(hasattr(a, b), a, b, msg)
    def assertNotHasAttr(self, a, b, msg=None): self._check(not hasattr(a, b), a, b, msg)
    def assertStartsWith(self, a, b, msg=None): self._check(a.startswith(b), a, b, msg)
    def assertEndsWith(self, a, b, msg=None): self._check(a.endswith(b), a, b, msg)
    def assertGreater(self, a, b, msg=None): self._check(a > b, a, b, msg)
    def assertGreaterEqual(self, a, b, msg=None): self._check(a >= b, a, b, msg)
    def assertLess(self, a, b, msg=None): self._check(a < b, a, b, msg)
    def assertLessEqual(self, a, b, msg=None): self._check(a <= b, a, b, msg)
    def assertRegex(self, a, b, msg=None): self._check(re.search(b, a), a, b, msg)
    def assertNotRegex(self, a, b, msg=None): self._check(not re.search(b, a), a, b, msg)

    def assertAlmostEqual(self, a, b, places=7, msg=None, delta=None):
        self._check(a == b or abs(a - b) <= (10 ** -places / 2 if delta is None else delta), a, b, msg)

    def assertCountEqual(self, a, b, msg=None):
        left = list(b)
        for x in list(a):
            self._check(x in left, a, b, msg)
            left.remove(x)
        self._check(not left, a, b, msg)

    def assertRaises(self, kind, *call, **kwargs):
        if not call:
            return Raises(self, kind)
        with Raises(self, kind):
            call[0](*call[1:], **kwargs)

    def assertRaisesRegex(self, kind, pattern, *call, **kwargs):
        if not call:
            return Raises(self, kind, pattern)
        with Raises(self, kind, pattern):
            call[0](*call[1:], **kwargs)

    def assertWarns(self, *args, **kwargs): raise SkipTest("warnings")
    assertWarnsRegex = assertNoLogs = assertLogs = assertWarns


def run(kind, results):
    """Runs all tests of a class."""
    if getattr(kind, "skipped", False):
        return
    kind.setUpClass()
    for name in dir(kind):
        test = getattr(kind, name)
        if not name.startswith("test") or not callable(test) or getattr(test, "skipped", False):
            continue
        case = kind(name)
        try:
            case.setUp()
            try:
                getattr(case, name)()
            finally:
                case.tearDown()
                for f, args, kwargs in reversed(case._cleanups):
                    f(*args, **kwargs)
            came = "passed"
        except SkipTest:
            continue
        except BaseException as error:
            came = f"{type(error).__name__}: {error}"[:200]
        if getattr(test, "fails", False):
            continue
        results[f"{kind.__name__}.{name}"] = came


def module(name, **names):
    made = types.ModuleType(name)
    made.__dict__.update(names)
    made.__path__ = []
    sys.modules[name] = made
    return made


class Always:
    def __init__(self, answer): self.answer = answer
    def __eq__(self, other): return self.answer
    def __ne__(self, other): return not self.answer


def check_syntax_error(case, text, pattern="", *, lineno=None, offset=None):
    with case.assertRaisesRegex(SyntaxError, pattern):
        compile(text, "<test>", "exec")


def expected_failure(test):
    test.fails = True
    return test


module("unittest", TestCase=TestCase, SkipTest=SkipTest, skip=skip, skipIf=skip_if, main=lambda *a, **k: None,
       skipUnless=lambda condition, why="": skip_if(not condition), expectedFailure=expected_failure)
helpers = {name: skip for name in (
    "cpython_only", "impl_detail", "requires_IEEE_754", "skip_if_pgo_task", "skip_wasi_stack_overflow",
    "skip_emscripten_stack_overflow", "no_tracing", "requires_docstrings", "requires_fork", "anticipate_failure",
    "suppress_immortalization", "refcount_test", "thread_unsafe")}
support = module(
    "test.support", check_syntax_error=check_syntax_error, gc_collect=gc.collect, verbose=False,
    ALWAYS_EQ=Always(True), NEVER_EQ=Always(False), run_unittest=lambda *a: None, run_doctest=lambda *a: None,
    bigmemtest=lambda *a, **k: skip, check_impl_detail=lambda **k: False, C_RECURSION_LIMIT=500,
    infinite_recursion=lambda *a: contextlib.nullcontext(), get_c_recursion_limit=lambda: 500,
    swap_attr=None, catch_unraisable_exception=None, force_not_colorized=lambda it: it, captured_stdout=None,
    run_with_locale=lambda *a: skip, requires_subprocess=lambda: skip, exceeds_recursion_limit=lambda: 100_000,
    adjust_int_max_str_digits=lambda n: contextlib.nullcontext(), Py_DEBUG=False, is_wasi=True, MISSING_C_DOCSTRINGS=True,
    force_not_colorized_test_class=lambda it: it, **helpers)
module("test", support=support)
for name in ("import_helper", "os_helper", "script_helper", "warnings_helper", "threading_helper"):
    made = module("test.support." + name, TESTFN="none", assert_python_ok=None, assert_python_failure=None,
                  import_module=lambda name, **k: __import__(name), check_syntax_warning=None,
                  check_warnings=lambda *a, **k: contextlib.nullcontext(), ignore_warnings=lambda *a, **k: lambda it: it)
    setattr(support, name, made)

for name, text in SHARED:
    exec(compile(text, name, "exec"), module(name).__dict__)
    setattr(sys.modules["test"], name.removeprefix("test."), sys.modules[name])
results = {}
under = module(NAME, __file__="none")
exec(compile(TEXT, NAME + ".py", "exec"), under.__dict__)
for kind in list(under.__dict__.values()):
    if isinstance(kind, type) and issubclass(kind, TestCase) and kind is not TestCase:
        run(kind, results)
results
