"""What programs ask of the operating system that a job has without one.

There are no files, processes or users. Random bytes come from the host.
"""

import abc
import posixpath as path
import sys

name = "posix"
curdir, pardir, sep, altsep, extsep = ".", "..", "/", None, "."
pathsep, defpath, devnull, linesep = ":", "", "/dev/null", "\n"
environ = {}
error = OSError

_random_bytes = random_bytes  # the host's function, which a script may hide
_AT_ONCE = 65536


def urandom(size, /):
    """That many random bytes."""
    pieces = []
    while size > _AT_ONCE:
        pieces.append(_random_bytes(_AT_ONCE))
        size -= _AT_ONCE
    pieces.append(_random_bytes(size))
    return b"".join(pieces)


def getenv(key, default=None):
    """A variable of the environment, which begins empty."""
    return environ.get(key, default)


def getpid():
    """The number of the one process that there is."""
    return 1


def fspath(path):
    """The path of an object that stands for one."""
    if isinstance(path, (str, bytes)):
        return path
    method = getattr(type(path), "__fspath__", None)
    if method is None:
        kind = type(path).__name__
        raise TypeError(f"expected str, bytes or os.PathLike object, not {kind}")
    return method(path)


def fsencode(filename):
    """The bytes of a path."""
    filename = fspath(filename)
    return filename.encode() if isinstance(filename, str) else filename


def fsdecode(filename):
    """The text of a path."""
    filename = fspath(filename)
    return filename.decode() if isinstance(filename, bytes) else filename


def getcwd():
    """Where relative paths would begin."""
    return "/"


def stat(path, *, dir_fd=None, follow_symlinks=True):
    """Fails: there are no files."""
    raise FileNotFoundError(f"there are no files: {path!r}")


lstat = stat


class PathLike(abc.ABC):
    """What stands for a path."""

    @abc.abstractmethod
    def __fspath__(self):
        """The path as a text or bytes."""
        raise NotImplementedError

    @classmethod
    def __subclasshook__(cls, other):
        if cls is PathLike:
            return hasattr(other, "__fspath__")
        return NotImplemented


sys.modules["os.path"] = path
