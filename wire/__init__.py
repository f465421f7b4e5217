"""What crosses networks between a hub and head office: the signed envelope and the records. No I/O."""
