"""What an editor's computer runs: course folders in, a static repository out. No hub imports this."""
