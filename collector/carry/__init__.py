"""What people carry: files that hubs made come in, files for hubs go back, and kits set hubs up without a line."""
