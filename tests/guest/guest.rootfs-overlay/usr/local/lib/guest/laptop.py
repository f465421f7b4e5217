"""Starts a message bus, wpa_supplicant and NetworkManager for the network namespace named on the command line.

Says to systemd that it is ready once NetworkManager answers; ends with the first of the three that ends.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

namespace = sys.argv[1]
folder = Path("/run/laptops") / namespace
BUS = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow send_type="method_call"/><allow send_type="signal"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
"""
# The address and the words are NetworkManager's own, as its package sets them in other distributions.
MANAGER = """[main]
plugins=keyfile
dhcp=internal
dns=none
auth-polkit=false
[connection]
wifi.cloned-mac-address=random
[connectivity]
uri=http://nmcheck.gnome.org/check_network_status.txt
response=NetworkManager is online
interval=300
"""


def start(*command: str) -> subprocess.Popen:
    """In the namespace; sysfs is read-only there, for NetworkManager would wait for the box's udev otherwise."""
    shell = 'mount -o remount,ro /sys && exec "$@"'
    return subprocess.Popen(["ip", "netns", "exec", namespace, "sh", "-c", shell, "sh", *command])


# Each of the three would say by itself that it is ready; only all together are.
ready = {**os.environ}
os.environ.pop("NOTIFY_SOCKET", None)
folder.mkdir(parents=True, exist_ok=True)
(folder / "bus.conf").write_text(BUS.format(folder / "bus"))
(folder / "manager.conf").write_text(MANAGER)
Path(f"/etc/netns/{namespace}/resolv.conf").write_text("nameserver 10.44.0.1\n")
os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={folder / 'bus'}"
manager = (
    "--no-daemon",
    f"--config={folder / 'manager.conf'}",
    f"--config-dir={folder / 'more'}",
    f"--state-file={folder}/state",
)
running = [start("dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork")]
while not (folder / "bus").exists():
    time.sleep(0.1)
running.append(start("wpa_supplicant", "-u", "-O", str(folder / "wpa")))
running.append(start("NetworkManager", *manager, f"--pid-file={folder / 'manager.pid'}"))
asked = ["nmcli", "-t", "-f", "RUNNING", "general"]
while subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() != "running":
    time.sleep(0.5)
subprocess.run(["systemd-notify", "--ready"], env=ready, check=True)
os.wait()
