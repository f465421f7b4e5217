"""The course library's way to this hub: from head office, a neighbour or a stick, in the order people want it."""
