"""The outbox told to whoever counts, and readings asked now."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kernel.clock import now
from kernel.outbox.relay import tell
from paygate.monitoring.hear import hear
from paygate.monitoring.read import read


@pytest.fixture
def relay():
    """Tell all that the outbox holds."""

    def told():
        while tell([hear], at=now()):
            pass

    return told


@pytest.fixture
def shown(client, settings):
    """What /metrics shows after the readings were asked: {(name, labels as they stand): number}."""
    settings.METRICS_FOR_THIS_MACHINE = True

    def page(*, at=None, asked=True):
        if asked:
            read(at=at or now())
        text = client.get("/metrics").content.decode()
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return page


def label(name, **labels):
    return (name, *sorted(labels.items()))
