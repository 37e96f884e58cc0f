"""`python -m bot` is `citebot-bot`."""

from bot.app import main

main()
