"""The built-in objects: what a prompt can name, and the function that builds each."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sds3d.errors import UsageError, nearest
from sds3d.library import (
    aircraft,
    bathroom,
    buildings,
    cuddly,
    cycles,
    electronics,
    furniture,
    greenery,
    household,
    kitchen,
    landmarks,
    lights,
    lorries,
    machines,
    piano,
    rockets,
    shelters,
    ships,
    snacks,
    street,
    structures,
    tables,
    tableware,
    towers,
    vehicles,
)
from sds3d.library.model import Model, Part, Wish, assemble, paint


@dataclass(frozen=True)
class Category:
    """A kind of object.  build: its parts, drawn from a generator.  also: other names people use."""

    build: Callable[[np.random.Generator], list[Part]]
    also: tuple[str, ...] = ()


CATEGORIES: dict[str, Category] = {
    # seats and beds
    "armchair": Category(
        furniture.armchair, ("easy chair", "club chair", "lounge chair", "recliner")
    ),
    "sofa": Category(furniture.sofa, ("couch", "settee", "loveseat", "divan", "davenport")),
    "chair": Category(furniture.chair, ("dining chair", "kitchen chair", "wooden chair")),
    "stool": Category(furniture.stool, ("bar stool", "barstool", "milking stool")),
    "bench": Category(furniture.bench, ("park bench", "garden bench", "pew")),
    "rocking chair": Category(furniture.rocking_chair, ("rocker",)),
    "bed": Category(furniture.bed, ("double bed", "bedstead", "cot", "bunk")),
    # tables and storage
    "table": Category(tables.table, ("dining table", "kitchen table", "coffee table")),
    "desk": Category(tables.desk, ("writing desk", "office desk", "bureau", "workbench")),
    "bookshelf": Category(tables.bookshelf, ("bookcase", "shelf", "shelves")),
    "wardrobe": Category(tables.wardrobe, ("closet", "armoire")),
    "cabinet": Category(tables.cabinet, ("cupboard", "sideboard", "dresser", "chest of drawers")),
    "nightstand": Category(tables.nightstand, ("bedside table", "night table", "end table")),
    "grand piano": Category(piano.grand_piano, ("piano", "concert grand", "pianoforte")),
    # bathroom and kitchen
    "toilet": Category(bathroom.toilet, ("lavatory", "loo", "water closet", "commode")),
    "bathtub": Category(bathroom.bathtub, ("bath", "tub", "hot tub")),
    "sink": Category(bathroom.sink, ("washbasin", "basin", "washstand")),
    "refrigerator": Category(kitchen.refrigerator, ("fridge", "freezer", "icebox")),
    "stove": Category(kitchen.stove, ("oven", "cooker", "kitchen range")),
    "washing machine": Category(kitchen.washing_machine, ("washer", "dryer", "dishwasher")),
    # screens, telephones, clocks
    "television": Category(electronics.television, ("tv", "telly", "television set")),
    "computer monitor": Category(electronics.monitor, ("monitor", "computer screen", "computer")),
    "laptop": Category(electronics.laptop, ("notebook computer", "laptop computer")),
    "telephone": Category(electronics.telephone, ("phone", "rotary phone")),
    "clock": Category(electronics.clock, ("alarm clock", "mantel clock", "timepiece")),
    # about the house
    "lamp": Category(lights.lamp, ("table lamp", "desk lamp", "bedside lamp", "lampshade")),
    "floor lamp": Category(lights.floor_lamp, ("standing lamp", "standard lamp")),
    "candle": Category(lights.candle, ("candlestick", "taper")),
    "bucket": Category(household.bucket, ("pail",)),
    "umbrella": Category(household.umbrella, ("parasol", "brolly")),
    "book": Category(household.book, ("novel", "dictionary", "bible", "tome")),
    "suitcase": Category(household.suitcase, ("luggage", "briefcase", "travel case")),
    "trash can": Category(household.trash_can, ("dustbin", "garbage can", "rubbish bin", "bin")),
    # vessels
    "vase": Category(tableware.vase, ("urn", "amphora", "jar")),
    "mug": Category(tableware.mug, ("cup", "coffee cup", "teacup", "coffee mug")),
    "teapot": Category(tableware.teapot, ("kettle", "tea kettle", "coffee pot")),
    "bottle": Category(tableware.bottle, ("wine bottle", "beer bottle", "flask")),
    "wine glass": Category(tableware.wine_glass, ("goblet", "chalice", "champagne glass")),
    "bowl": Category(tableware.bowl, ("dish", "soup bowl", "salad bowl")),
    "plate": Category(tableware.plate, ("dinner plate", "platter", "saucer")),
    # on the road
    "car": Category(vehicles.car, ("automobile", "sedan", "hatchback", "coupe", "taxi", "jeep")),
    "van": Category(lorries.van, ("minivan", "camper van", "delivery van", "ambulance")),
    "bus": Category(lorries.bus, ("school bus", "coach", "double-decker")),
    "pickup truck": Category(vehicles.pickup, ("pickup", "pick-up")),
    "truck": Category(lorries.truck, ("lorry", "tanker", "semi-trailer")),
    "bicycle": Category(cycles.bicycle, ("bike", "cycle", "push bike")),
    "motorcycle": Category(cycles.motorcycle, ("motorbike", "moped")),
    "train": Category(machines.train, ("locomotive", "steam engine", "steam train")),
    "tractor": Category(machines.tractor, ("farm tractor",)),
    "tank": Category(machines.tank, ("battle tank", "panzer")),
    # in the street
    "fire hydrant": Category(street.fire_hydrant, ("hydrant", "fireplug")),
    "mailbox": Category(street.mailbox, ("letterbox", "postbox", "pillar box")),
    "street lamp": Category(street.street_lamp, ("lamp post", "streetlight", "lantern")),
    "traffic light": Category(street.traffic_light, ("stoplight", "traffic signal")),
    # in the air and on the water
    "airplane": Category(aircraft.airplane, ("aeroplane", "airliner", "jet", "plane", "aircraft")),
    "biplane": Category(aircraft.biplane, ("propeller plane", "vintage plane", "triplane")),
    "helicopter": Category(aircraft.helicopter, ("chopper",)),
    "hot air balloon": Category(rockets.balloon, ("balloon", "montgolfier")),
    "rocket": Category(rockets.rocket, ("spaceship", "space rocket", "spacecraft", "missile")),
    "sailboat": Category(ships.sailboat, ("yacht", "sailing boat", "dinghy", "boat")),
    "ship": Category(ships.ship, ("ocean liner", "steamship", "cruise ship", "vessel")),
    "submarine": Category(ships.submarine, ("u-boat",)),
    # buildings
    "house": Category(buildings.house, ("cottage", "home", "villa", "cabin", "hut")),
    "barn": Category(buildings.barn, ("farmhouse", "stable", "shed")),
    "church": Category(buildings.church, ("chapel", "cathedral")),
    "windmill": Category(landmarks.windmill, ("mill", "post mill")),
    "lighthouse": Category(landmarks.lighthouse, ("beacon",)),
    "castle": Category(towers.castle, ("fortress", "fort", "citadel", "palace")),
    "tower": Category(towers.tower, ("watchtower", "turret")),
    "skyscraper": Category(structures.skyscraper, ("high-rise", "office building", "tower block")),
    "bridge": Category(structures.bridge, ("suspension bridge", "viaduct")),
    "tent": Category(shelters.tent, ("tepee", "wigwam", "camping tent")),
    "igloo": Category(shelters.igloo, ("snow house",)),
    "pyramid": Category(shelters.pyramid, ("ziggurat",)),
    "well": Category(structures.well, ("wishing well", "draw well")),
    "fence": Category(structures.fence, ("picket fence", "railing")),
    # figures
    "teddy bear": Category(cuddly.teddy_bear, ("teddy", "plush bear", "stuffed bear")),
    "snowman": Category(cuddly.snowman, ("snow man",)),
    # plants
    "cactus": Category(greenery.cactus, ("saguaro", "succulent")),
    "palm tree": Category(greenery.palm_tree, ("palm", "coconut tree", "coconut palm")),
    "tree": Category(greenery.tree, ("oak tree", "maple", "apple tree")),
    "pine tree": Category(greenery.pine_tree, ("fir", "fir tree", "spruce", "christmas tree")),
    "sunflower": Category(greenery.sunflower, ("flower", "daisy")),
    "mushroom": Category(greenery.mushroom, ("toadstool", "fly agaric")),
    # food
    "hamburger": Category(snacks.hamburger, ("burger", "cheeseburger")),
    "hot dog": Category(snacks.hot_dog, ("hotdog",)),
    "pizza": Category(snacks.pizza, ()),
    "donut": Category(snacks.donut, ("doughnut",)),
    "ice cream cone": Category(snacks.ice_cream, ("ice cream", "gelato")),
    "cake": Category(snacks.cake, ("birthday cake", "wedding cake", "gateau")),
    "apple": Category(snacks.apple, ()),
    "banana": Category(snacks.banana, ("plantain",)),
    "carrot": Category(snacks.carrot, ()),
    "pumpkin": Category(snacks.pumpkin, ("squash", "gourd")),
}


def model(name: str, variant: int, wish: Wish | None = None, caption: str = "") -> Model:
    """The library member `variant` of a category, painted as wished; the same arguments, the same bits.

    Raises UsageError for a name that is not in CATEGORIES.
    """
    if name not in CATEGORIES:
        raise UsageError(
            f"the library has no '{name}'{nearest(name, CATEGORIES)}",
            "use one of the names in sds3d.library.CATEGORIES",
        )
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    parts = CATEGORIES[name].build(rng)
    return assemble(paint(parts, wish or Wish()), caption or name)


def part_names(name: str, variants: int = 4) -> tuple[str, ...]:
    """What the parts of a category's first variants are called."""
    builds = (CATEGORIES[name].build(np.random.default_rng(v)) for v in range(variants))
    return tuple(dict.fromkeys(part.name for parts in builds for part in parts))
