"""A crowd of phones around a real hub, over real sockets, and the truth about what it counted.

Three kinds of people look at the same day. The phones do what phones do (plans.py, tab.py, phone.py), in a time that
jumps (village.py). Two taps see what the hub accepted (taps.py), and from that alone the truth is counted by brute
force (truth.py); the sealed site-day must say the same, to the unit. And reality.py notes what people really did, which
no hub can know: how near the figures come to that is a figure of its own (benchmarks/crowd.py).
"""

from tests.simulators.crowd.phone import Phone
from tests.simulators.crowd.plans import life
from tests.simulators.crowd.village import Village

__all__ = ["Phone", "Village", "life"]
