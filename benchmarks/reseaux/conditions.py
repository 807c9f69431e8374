"""The networks of the report, as data."""

from dataclasses import dataclass, field
from typing import Any

RTT = 50.0


@dataclass(frozen=True)
class Condition:
    """A network, and what happens to it (or to the server) once the call is well."""

    name: str
    title: str
    network: dict[str, Any] = field(default_factory=dict)
    #: cut, unplug, move, kill; empty: nothing.
    upset: str = ""
    #: How long the upset lasts, in seconds.
    lasts: float = 0.0
    #: How long the call gets used to its network before it is measured, in seconds.
    settle: float = 4.0


def upset(name: str, title: str, kind: str, lasts: float = 0.0) -> Condition:
    return Condition(name, title, {"rtt": RTT}, kind, lasts)


CONDITIONS = (
    Condition("rtt0", "nothing added", {}),
    Condition("rtt50", "RTT 50 ms", {"rtt": 50}),
    Condition("rtt150", "RTT 150 ms", {"rtt": 150}),
    Condition("loss2", "RTT 50 ms, 2 % loss", {"rtt": 50, "loss": 0.02}),
    Condition("k1600", "RTT 50 ms, 1.6 Mbit/s", {"rtt": 50, "kbps": 1600}, settle=10),
    Condition("k250", "RTT 50 ms, 250 kbit/s", {"rtt": 50, "kbps": 250}, settle=15),
    Condition(
        "k80", "RTT 50 ms, 80 kbit/s, 5 % loss", {"rtt": 50, "kbps": 80, "loss": 0.05}, settle=25
    ),
    Condition("tls443", "RTT 50 ms, nothing but TCP 443", {"rtt": 50, "passes": "only_443"}),
    upset("cut3", "link cut 3 s", "cut", 3),
    upset("cut20", "link cut 20 s", "cut", 20),
    upset("cut60", "link cut 60 s", "cut", 60),
    upset("unplug10", "interface down 10 s, and up", "unplug", 10),
    upset("moved", "changed address (Wi-Fi to 4G)", "move"),
    upset("killed", "server killed, 5 s, started again", "kill", 5),
)
