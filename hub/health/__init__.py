"""What probes ask: /healthz and /metrics."""
