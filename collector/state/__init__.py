"""What head office tells each hub: settings, staff accounts, answers, revocations."""
