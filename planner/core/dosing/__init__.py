"""From a dose to a syringe: what is drawn up, from what, in which syringes."""
