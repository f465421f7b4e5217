"""The village's network: Wi-Fi, names, firewall and uplink, all from one typed record."""
