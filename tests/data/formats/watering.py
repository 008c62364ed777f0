class Barrel:
    """Holds rain."""

    def fill(self, litres):
        self.litres = litres

    def tap(self):
        return self.litres > 0


def open_hours(month):
    return (7, 20) if 4 < month < 10 else (8, 16)
