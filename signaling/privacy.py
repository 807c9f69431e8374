"""Whose addresses the other side never learns, and what of their signalling passes then.

A call needs one relayed side only: whoever is kept apart is reached over a TURN server, and only
that server's address is told. The pages obey (`iceTransportPolicy`); here it does not depend on
them.
"""

from msgspec.structs import replace

from media.apart import candidate_apart, description_apart
from media.candidate import CandidateKind

from .protocol import Candidate, Description


def told(one: Candidate, kind: CandidateKind | None) -> Candidate | None:
    """A checked candidate of somebody who is kept apart; None: nothing of it passes."""
    text = candidate_apart(one.candidate, kind)
    return None if text is None else replace(one, candidate=text)


def told_description(description: Description) -> Description:
    """A checked offer or answer of somebody who is kept apart.

    :raises SdpRefused: an address stands where none can be taken out.
    """
    return replace(description, sdp=description_apart(description.sdp))
