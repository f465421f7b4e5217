"""What head office decided comes to hold here: settings, staff accounts, answers, revocations, news of content."""
