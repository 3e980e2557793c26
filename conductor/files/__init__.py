"""Files as they come: each is right, or has its bad rows set aside, or is refused whole with a diagnosis."""

from conductor.files.arrival import Arrived, arrive
from conductor.files.diagnosis import Diagnosis, Refusal, Refused

__all__ = ["Arrived", "Diagnosis", "Refusal", "Refused", "arrive"]
