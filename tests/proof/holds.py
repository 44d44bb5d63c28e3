"""Whether the proof holds, for tests of whatever it is about."""

from __future__ import annotations

from paygate.proof.prove import prove


def holds() -> bool:
    proof = prove()
    assert proof.holds, [finding for finding in proof.findings if finding.contradictions]
    return True
