"""The package on a machine that boots, with a Wi-Fi that phones join. `make radio-test` runs it, as root, on Debian.

    roots.py        a fresh Debian, by mmdebstrap from wherever this machine's apt takes its packages
    image.py        that, deploy/deb's package, and guest.rootfs-overlay: a disk, made without a mount
    machine.py      QEMU with that disk, and a line on which tests run commands in it
    hub.py          orders as the technician's page writes them, and what came of them
    phones.py       phones and a laptop in network namespaces of the guest, a simulated radio each

Everything in a test happens inside the guest; this machine lends it two threads, 1 GB of memory and files under var/.
QEMU carries out each instruction itself, so minutes pass where a box takes seconds, and no test asks how long.
The first run makes the Debian and takes a minute longer; later ones make the disk anew where the hub has changed.
"""
