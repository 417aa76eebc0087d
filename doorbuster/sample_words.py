"""The words of the made-up catalog: kinds of things with what is told of them, and brands that don't exist."""

from msgspec import Struct

Choice = tuple[str, ...] | range | type[bool]


class Kind(Struct, frozen=True):
    """A category: its share of the catalog, its prices in cents, its attributes and what is said in its favour."""

    name: str
    weight: int
    cents: tuple[int, int]
    attributes: dict[str, Choice]
    praise: tuple[str, ...]


COLOURS = ("black", "white", "silver", "graphite", "navy", "forest green", "brick red", "sand", "sky blue", "copper")
SERIES = ("Aven", "Brisk", "Calma", "Drift", "Ember", "Fjord", "Glade", "Halo", "Iris", "Juno", "Kite", "Lumo")

YES_NO: type[bool] = bool
CONNECTOR = ("USB-C", "USB-A", "micro USB", "Lightning")
DIAGONAL = ("13.3", "14", "15.6", "16", "17.3")

KINDS = (
    Kind("Notebook", 10, (34_900, 249_900), {
        "display diagonal (in)": DIAGONAL, "internal memory (GB)": ("8", "16", "32", "64"),
        "storage (GB)": ("256", "512", "1024", "2048"),
        "processor cores": ("4", "6", "8", "12"), "weight (g)": range(980, 2600, 10), "touchscreen": YES_NO,
    }, ("Light enough to forget in the bag.", "A keyboard to write a novel on.",
        "Runs the whole day, and the train home.")),
    Kind("Smartphone", 10, (14_900, 139_900), {
        "display diagonal (in)": ("5.8", "6.1", "6.4", "6.7"), "storage (GB)": ("64", "128", "256", "512"),
        "battery capacity (mAh)": range(3200, 5600, 100), "dual SIM": YES_NO, "5G": YES_NO,
    }, ("Pictures in the dark that look like noon.", "Fits the hand, not only the pocket.",
        "Charged before the kettle boils.")),
    Kind("Headphones", 12, (1_900, 39_900), {
        "wearing style": ("over-ear", "on-ear", "in-ear"), "wireless": YES_NO, "noise cancelling": YES_NO,
        "battery life (h)": range(6, 61, 2), "weight (g)": range(5, 340, 5),
    }, ("The street goes quiet.", "Every breath of the singer.", "Soft enough for the long flight.")),
    Kind("Television", 6, (19_900, 299_900), {
        "display diagonal (in)": ("32", "43", "50", "55", "65", "75"),
        "resolution": ("1920 x 1080", "3840 x 2160", "7680 x 4320"),
        "panel type": ("LED", "QLED", "OLED"), "HDMI ports": range(2, 5),
        "refresh rate (Hz)": ("50", "60", "100", "120"),
    }, ("The living room becomes the front row.", "Black that is black.", "Found its channels before you sat down.")),
    Kind("Monitor", 7, (8_900, 99_900), {
        "display diagonal (in)": ("22", "24", "27", "32", "34"),
        "resolution": ("1920 x 1080", "2560 x 1440", "3840 x 2160"),
        "refresh rate (Hz)": ("60", "75", "144", "240"), "height adjustment": YES_NO, "curved": YES_NO,
    }, ("Two windows side by side, and room for a third.", "Easy on the eyes after eight hours.")),
    Kind("Keyboard", 6, (1_500, 18_900), {
        "layout": ("QWERTY", "QWERTZ", "AZERTY"), "mechanical": YES_NO, "wireless": YES_NO, "backlight": YES_NO,
        "keys": ("61", "84", "87", "104"),
    }, ("Keys that answer.", "Quiet enough for the library.")),
    Kind("Mouse", 6, (900, 12_900), {
        "buttons": range(2, 12), "resolution": range(800, 26_000, 400), "wireless": YES_NO, "left-handed": YES_NO,
    }, ("Lies in the hand like a pebble.", "Glides on anything but glass.")),
    Kind("USB cable", 9, (490, 3_900), {
        "connector 1": CONNECTOR, "connector 2": CONNECTOR, "length (m)": ("0.5", "1", "1.5", "2", "3"),
        "braided": YES_NO,
    }, ("Bent ten thousand times, still charging.", "Long enough for the sofa.")),
    Kind("Toner cartridge", 8, (2_900, 19_900), {
        "printing colours": ("black", "cyan", "magenta", "yellow"), "page yield": range(1200, 12_000, 300),
        "type": ("original", "compatible"), "quantity per pack": range(1, 5),
    }, ("Crisp to the last page.", "Changed in ten seconds, with clean fingers.")),
    Kind("Coffee machine", 5, (4_900, 119_900), {
        "power (W)": range(800, 1900, 50), "water tank (l)": ("0.8", "1.2", "1.5", "1.8"), "milk frother": YES_NO,
        "grinder": YES_NO, "pressure (bar)": ("9", "15", "19"),
    }, ("Espresso before you are awake.", "Cleans itself while you drink.")),
    Kind("Vacuum cleaner", 5, (5_900, 79_900), {
        "dust capacity (l)": ("0.5", "0.8", "1.5", "3"), "cordless": YES_NO, "noise level (dB)": range(58, 82),
        "running time (min)": range(20, 91, 5), "HEPA filter": YES_NO,
    }, ("Goes under the bed and comes back with everything.", "The cat stays in the room.")),
    Kind("Desk lamp", 6, (1_900, 16_900), {
        "luminous flux (lm)": range(200, 1600, 50), "colour temperature (K)": ("2700", "3000", "4000", "6500"),
        "dimmable": YES_NO,
        "height (cm)": range(28, 75), "material": ("aluminium", "steel", "bamboo", "glass"),
    }, ("Light for the page, not for the neighbours.", "Stays where you bend it.")),
    Kind("Backpack", 5, (2_900, 19_900), {
        "volume (l)": range(12, 46), "material": ("recycled polyester", "canvas", "leather"), "waterproof": YES_NO,
        "laptop compartment": DIAGONAL, "weight (g)": range(450, 1900, 10),
    }, ("A pocket for everything, and one nobody finds.", "Dry inside after an hour of rain.")),
    Kind("Board game", 5, (1_200, 7_900), {
        "players": ("1-4", "2-4", "2-6", "3-8"), "age": ("6", "8", "10", "12", "14"),
        "playing time (min)": range(15, 181, 15),
        "cooperative": YES_NO,
    }, ("Explained in five minutes, played all night.", "Even the losers want another round.")),
    Kind("Power bank", 5, (1_500, 9_900), {
        "capacity (mAh)": ("5000", "10000", "20000", "26800"), "ports": range(1, 5), "fast charging": YES_NO,
        "weight (g)": range(110, 620, 10),
    }, ("Two days in the mountains, one charge.", "Thin enough for the shirt pocket.")),
)  # fmt: skip

_SCREENS = {"Notebook", "Smartphone", "Television", "Monitor"}
_DESK = {"Keyboard", "Mouse", "USB cable", "Toner cartridge", "Power bank", "Headphones"}
_HOME = {"Coffee machine", "Vacuum cleaner", "Desk lamp"}
_LEISURE = {"Backpack", "Board game"}

BRANDS: dict[str, set[str]] = {
    "Arbolit": _SCREENS | _DESK,
    "Brockwell": _HOME,
    "Cindrel": _SCREENS,
    "Dovano": _DESK | {"Headphones"},
    "Elverum Works": _HOME | {"Backpack"},
    "Farrowmax": _DESK,
    "Gantera": _SCREENS | _DESK,
    "Hullaby": _LEISURE | {"Desk lamp"},
    "Ixmoor": _DESK,
    "Jettlin": _SCREENS | {"Power bank"},
    "Kestrova": _HOME,
    "Lumeno": _HOME | {"Television"},
    "Marrowind": _LEISURE,
    "Nordhask": _LEISURE | _HOME,
    "Ostrella": _SCREENS | {"Headphones"},
    "Pimbrook": {"Board game"},
    "Quillan": _DESK,
    "Ravensole": {"Backpack"},
}
