"""Which channels of 2.4 GHz a village's Wi-Fi may use, by country.

    highest_channel("MX")       # 11
    highest_channel("ES")       # 13
    highest_channel("XX")       # None: no country, or one whose rules nobody wrote down

The countries are those of the Linux wireless regulatory database (wireless-regdb 2026.05.30), since the kernel keeps a
radio silent in any other. Channels 12 and 13 are left out where the database ends at 2472 MHz, and in Mexico and Canada
as well, whose phones are those of the United States and do not see a network there. Channel 14 is nobody's: in Japan
802.11b alone may use it.
"""

from __future__ import annotations

COUNTRIES = frozenset(
    (  # noqa: SIM905 (a list of 180 would fill a page)
        "AD AE AF AI AL AM AR AS AT AU AW AZ BA BB BD BE BF BG BH BL BM BN BO BR BS BT BW BY BZ CA CF CH CI CL CN CO "
        "CR CU CX CY CZ DE DK DM DO DZ EC EE EG ES ET FI FM FO FR GB GD GE GF GH GI GL GP GR GT GU GY HK HN HR HT HU "
        "ID IE IL IM IN IR IS IT JM JO JP KE KH KN KP KR KW KY KZ LB LC LI LK LS LT LU LV MA MC MD ME MF MH MK MN MO "
        "MP MQ MR MT MU MV MW MX MY NA NG NI NL NO NP NZ OM PA PE PF PG PH PK PL PM PR PT PW PY QA RE RO RS RU RW SA "
        "SE SG SI SK SM SN SR SV SX SY TC TD TG TH TN TR TT TW TZ UA UG US UY UZ VA VC VE VI VN VU WF WS YE YT ZA ZW "
    ).split()
)
UP_TO_ELEVEN = frozenset("AS BM CA DM DO FM GD GU HT MH MP MX NI PR PW US VI".split())  # noqa: SIM905


def highest_channel(country: str) -> int | None:
    """The highest channel of 2.4 GHz to use in `country` (ISO 3166, two capitals); None if it is not known."""
    if country not in COUNTRIES:
        return None
    return 11 if country in UP_TO_ELEVEN else 13
