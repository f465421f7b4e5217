"""The commands of `hub`, one per file: command, file, test and page of docs share a name."""
