"""What the seats of a class are called, so that nobody types a name: the picture and the English
name of an animal. Knows nothing of who has which seat."""

# The first of them are the easiest to tell apart.
_NAMES = """
🦊 Fox, 🐼 Panda, 🦁 Lion, 🐘 Elephant, 🐧 Penguin, 🦉 Owl, 🐢 Turtle, 🐬 Dolphin, 🦒 Giraffe,
🐝 Bee, 🦓 Zebra, 🐯 Tiger, 🐰 Rabbit, 🐸 Frog, 🦔 Hedgehog, 🐨 Koala, 🦋 Butterfly,
🐙 Octopus, 🦩 Flamingo, 🐺 Wolf, 🐴 Horse, 🦄 Unicorn, 🐻 Bear, 🦘 Kangaroo, 🐳 Whale,
🦀 Crab, 🐞 Ladybird, 🦜 Parrot, 🐌 Snail, 🐫 Camel, 🦝 Raccoon, 🦈 Shark, 🦢 Swan,
🐿️ Squirrel, 🦅 Eagle, 🐐 Goat, 🦎 Lizard, 🦚 Peacock, 🐭 Mouse, 🦆 Duck, 🦇 Bat, 🐱 Cat,
🐶 Dog, 🦥 Sloth, 🦦 Otter, 🐊 Crocodile, 🦏 Rhinoceros, 🐑 Sheep, 🦌 Deer, 🐉 Dragon,
🦕 Brontosaurus, 🦖 Tyrannosaurus, 🐡 Pufferfish, 🐠 Angelfish, 🦞 Lobster, 🦑 Squid,
🐓 Rooster, 🐤 Chick, 🦙 Llama, 🦛 Hippopotamus, 🐹 Hamster, 🦡 Badger, 🐒 Monkey, 🦍 Gorilla,
🦧 Orangutan, 🐆 Leopard, 🐂 Bull, 🐃 Buffalo, 🐏 Ram, 🐗 Boar, 🐪 Dromedary, 🦃 Turkey,
🐔 Hen, 🐦 Robin, 🕊️ Dove, 🐛 Caterpillar, 🐜 Ant, 🦗 Cricket, 🕷️ Spider, 🦂 Scorpion,
🦐 Shrimp, 🐚 Conch, 🐟 Herring, 🐋 Humpback, 🐍 Snake, 🐩 Poodle, 🦮 Labrador, 🐈 Lynx,
🐎 Mustang, 🐇 Hare, 🐅 Panther, 🐁 Dormouse, 🐕 Husky, 🐣 Nestling, 🐥 Duckling, 🐲 Wyvern,
🐵 Chimpanzee, 🦨 Polecat, 🦪 Oyster, 🦟 Midge, 🐀 Vole, 🦬 Bison, 🦣 Mammoth, 🦫 Beaver,
🦤 Dodo, 🦭 Seal, 🪲 Beetle, 🪰 Hoverfly
"""
ANIMALS = tuple(name.strip() for name in _NAMES.split(","))


def name_of(seat: int) -> str:
    """What a seat is called, from 0 on, as "🦊 Fox". No two are called alike."""
    turn, which = divmod(seat, len(ANIMALS))
    return ANIMALS[which] + (f" {turn + 1}" if turn else "")
