"""`hub label`: the sheet that hangs on the wall, with the Wi-Fi's name and password, as a PDF."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("label")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The PDF to write, - for the output.")
@click.option("--setup", "for_setup", is_flag=True, help="The technician's own network instead; not to be hung up.")
@click.option("--language", type=click.Choice(["es", "en"]), default="es", show_default=True, help="Of its words.")
def command(into: Path, for_setup: bool, language: str) -> None:
    """Write the label of the network that is in force, on letter paper, two to a page."""
    from hub.acceptance.filing import file_into
    from hub.acceptance.inforce import in_force
    from hub.acceptance.sheets import printed, setup_label, village_label
    from hub.errors import HubError
    from hub.i18n import speaking
    from hub.programme import load
    from hub.settings import Settings

    settings = Settings.load()
    network = in_force(settings)
    if network is None:
        raise HubError("No network is in force, so there is no label; give the answers of the visit first.")
    programme = load(settings).name
    with speaking(language):
        sheet = (
            setup_label(network, programme, language)
            if for_setup
            else village_label(network, settings, programme, language)
        )
    file_into(into, printed(sheet))
