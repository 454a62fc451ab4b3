"""The domain: rules, doses and days. Pure: nothing here reads a file, prints or asks the time."""
