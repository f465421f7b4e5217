"""What crosses to head office: sealed site-days in an outbox, sent when the link allows."""
