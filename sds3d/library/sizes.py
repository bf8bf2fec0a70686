"""How large things are: the longest side, in metres, of kinds that are not modelled in metres.

Furniture, household things and vehicles are built to scale (`sds3d.library.things`); animals, food, toys, tools
and buildings are built about a unit tall.  The sizes here are typical ones, of an adult animal or a common
product.
"""

LONGEST = {
    # vehicles and street
    "bus": 10.5, "train": 18.0, "crane": 14.0, "wheelbarrow": 1.5, "watering can": 0.4, "street lamp": 5.0,
    "traffic light": 2.8, "airplane": 12.0, "helicopter": 11.0, "biplane": 9.0, "drone": 0.4,
    "flying saucer": 10.0, "hot air balloon": 20.0, "rocket": 50.0, "sailboat": 9.0, "ship": 100.0,
    "submarine": 80.0,
    # buildings
    "house": 11.0, "barn": 15.0, "church": 30.0, "windmill": 15.0, "lighthouse": 25.0, "castle": 50.0,
    "tower": 30.0, "skyscraper": 180.0, "bridge": 30.0, "tent": 3.0, "igloo": 3.0, "pyramid": 140.0,
    "well": 2.5,
    # household
    "smartphone": 0.15, "watch": 0.05, "headphones": 0.2, "microphone": 0.2, "game controller": 0.16,
    "light bulb": 0.11, "flashlight": 0.16, "wine glass": 0.21,
    # tools
    "hammer": 0.33, "axe": 0.8, "saw": 0.55, "sword": 1.0, "shield": 0.8, "screwdriver": 0.22,
    "drill": 0.24, "paintbrush": 0.25, "pencil": 0.18, "key": 0.07, "scissors": 0.18, "wrench": 0.25,
    "shovel": 1.3, "ladder": 2.2,
    # animals
    "teddy bear": 0.35, "snowman": 1.6, "cat": 0.6, "dog": 0.95, "bulldog": 0.7, "rabbit": 0.4,
    "horse": 2.4, "zebra": 2.3, "unicorn": 2.4, "deer": 1.9, "cow": 2.4, "pig": 1.5, "sheep": 1.3,
    "elephant": 6.0, "giraffe": 5.0, "lion": 2.2, "tiger": 2.3, "fox": 1.0, "squirrel": 0.25, "mouse": 0.15,
    "monkey": 0.6, "panda": 1.5, "bear": 2.0, "polar bear": 2.4, "bird": 0.25, "bluebird": 0.18,
    "duck": 0.5, "owl": 0.4, "penguin": 0.7, "chicken": 0.45, "fish": 0.3, "goldfish": 0.12, "shark": 4.0,
    "whale": 15.0, "dolphin": 2.5, "octopus": 0.9, "turtle": 0.6, "frog": 0.1, "snake": 0.6,
    "crocodile": 4.0, "snail": 0.06, "bee": 0.015, "ladybug": 0.008, "spider": 0.03, "crab": 0.2,
    "butterfly": 0.08, "dinosaur": 10.0, "dragon": 8.0,
    # music, toys, sport, clothes
    "guitar": 1.0, "violin": 0.6, "drum": 0.45, "trumpet": 0.5, "bell": 0.25, "robot": 1.5, "ghost": 1.6,
    "rubber duck": 0.09, "basketball": 0.24, "soccer ball": 0.22, "tennis ball": 0.067, "dice": 0.016,
    "balloon": 0.5, "spinning top": 0.07, "rubik cube": 0.057, "chess pawn": 0.05, "top hat": 0.32,
    "cowboy hat": 0.38, "baseball cap": 0.28, "helmet": 0.3, "crown": 0.2, "boot": 0.3, "sneaker": 0.3,
    "handbag": 0.35, "backpack": 0.5, "glasses": 0.15, "trophy": 0.3, "anchor": 1.5, "barrel": 0.9,
    "treasure chest": 0.7, "globe": 0.4, "snow globe": 0.1, "hourglass": 0.2, "gift box": 0.3,
    "camera": 0.14, "star": 0.3, "heart": 0.3,
    # plants and food
    "rose": 0.4, "cactus": 0.3, "palm tree": 8.0, "tree": 8.0, "pine tree": 10.0, "sunflower": 1.6,
    "mushroom": 0.1, "hamburger": 0.12, "hot dog": 0.16, "pizza": 0.32, "donut": 0.1,
    "ice cream cone": 0.17, "cake": 0.25, "cupcake": 0.08, "lollipop": 0.15, "apple": 0.08, "banana": 0.18,
    "carrot": 0.18, "pumpkin": 0.35, "pear": 0.1, "orange": 0.08, "lemon": 0.09, "cherry": 0.05,
    "tomato": 0.08, "strawberry": 0.04, "pineapple": 0.3, "watermelon": 0.3, "croissant": 0.15, "egg": 0.06,
    "bread": 0.3, "cheese": 0.15,
}  # fmt: skip
