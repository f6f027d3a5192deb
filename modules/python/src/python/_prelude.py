"""What scripts have beside Python and the host's functions."""

import _io
import time

time.tzname = ("UTC", "UTC")
time.timezone = time.altzone = time.daylight = 0


class FileIO(_io._RawIOBase):
    """A file, which there are none of."""

    def __init__(self, *args, **kwargs):
        raise _io.UnsupportedOperation("there are no files")


FileIO.__module__ = "_io"
_io.FileIO = FileIO  # the module io wants one


class HostError(Exception):
    """A refusal, of the host or of the script's own.

    code: one of the contract's, such as "access_denied", or one of the script's own.
    message: what is wrong, for people.
    """

    def __init__(self, code, message=""):
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self):
        return f"{self.code}: {self.message}"


HostError.__module__ = "builtins"


class Log:
    """A stream whose lines go to the job's log."""

    encoding = "utf-8"
    errors = "strict"
    closed = False

    def __init__(self, name, line):
        self.name = name
        self._line = line
        self._begun = ""

    def write(self, text):
        """Writes the lines that are complete, and keeps the rest."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._line(line)
        return len(text)

    def writelines(self, lines):
        """Writes one text after the other."""
        for line in lines:
            self.write(line)

    def flush(self):
        """Does nothing: a line is written when it is complete, or the job ends."""

    def end(self):
        """Writes what is left."""
        if self._begun:
            self.write("\n")

    def writable(self):
        return True

    def readable(self):
        return False

    def isatty(self):
        return False
