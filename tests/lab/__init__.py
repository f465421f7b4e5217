"""The lab: a hub with its real services and phones beside it, on every test run, without a radio.

    make lab                                # these tests alone; as root, with dnsmasq and nftables

What is real: dnsmasq, nftables with the rules that `hub network apply` loads, `hub web` on port 80, DHCP, DNS and HTTP
to the byte. What is not: the radio (a bridge with isolated ports; `make radio-test` has hostapd), systemd-networkd
(what its files say is done), and the phones' systems, whose rules are written down in systems.py.

| file | holds |
|---|---|
| namespaces.py | network stacks that end with this process |
| village_net.py, internet.py | the box, its cable, the Internet beyond, and where phones come from |
| phone.py, dhcp.py, packets.py | a phone: DHCP, DNS, HTTP, knocking at doors; and its packets |
| systems.py | how Android, Apple, Windows and others judge what they get |
| probes.py | every probe: of the shared list, and more that the list has not |

One lab serves the tests of a process (conftest.py); each test brings phones of its own, and puts back what it changed.
"""
