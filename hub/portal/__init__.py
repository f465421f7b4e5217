"""The captive portal: probes of every platform, who pressed the button, and the page that has it."""
