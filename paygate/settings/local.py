"""One machine, one developer: what `make up` and `make demo` run."""

from paygate.settings.base import *
