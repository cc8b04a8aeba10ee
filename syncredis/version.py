"""The version of this package; also sent to servers as the library's version."""

VERSION = "0.1.0"
