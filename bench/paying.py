"""Money out for very many merchants: `python -m bench.paying`, its orders as JSON on standard input."""

import json
import sys

import django

if __name__ == "__main__":
    django.setup()
    from bench.passes import passes

    print(json.dumps(passes(**json.load(sys.stdin))))
