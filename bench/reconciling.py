"""A file of very many lines against as many payments: `python -m bench.reconciling`; orders as JSON on stdin."""

import json
import sys

import django

if __name__ == "__main__":
    django.setup()
    from bench.statement import reconcile

    print(json.dumps(reconcile(**json.load(sys.stdin))))
