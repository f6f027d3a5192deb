package python_test

// cpythonTests are the files, each with the tests in it that fail.
var cpythonTests = map[string]string{
	"test_binop":                "",
	"test_bool":                 "BoolTest.test_fileclosed",
	"test_contains":             "TestContains.test_nonreflexive",
	"test_dictviews":            "DictSetTest.test_deeply_nested_repr",
	"test_exception_variations": "",
	"test_int_literal":          "",
	"test_keywordonlyarg":       "",
	"test_long":                 "LongTest.test___sizeof__ LongTest.test_from_bytes",
	"test_named_expressions":    "NamedExpressionInvalidTest.test_named_expression_invalid_17",
	"test_patma":                "TestCompiler.test_refleaks",
	"test_pow":                  "",
	"test_property":             "",
	"test_range":                "RangeTest.test_iterator_unpickle_compat RangeTest.test_iterator_pickling_overflowing_index RangeTest.test_iterator_setstate",
	"test_scope":                "",
	"test_slice":                "",
	"test_string":               "",
	"test_unary":                "",
	"test_with":                 "NestedWith.testExceptionLocation",
}
