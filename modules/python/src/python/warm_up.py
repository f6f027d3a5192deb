class Point:
    def __init__(self, x, y=1):
        self.x, self.y = x, y

    @property
    def sum(self):
        return self.x + self.y


def numbers(most):
    for n in range(most):
        yield n * 1.5


def caught():
    try:
        return {}["none"]
    except KeyError as error:
        return str(error)


rows = [{"name": f"n{n:>3}", "at": n} for n in numbers(4)]
rows.sort(key=lambda row: -row["at"])
text = ", ".join(row["name"].strip() for row in rows) + caught()
match Point(3).sum:
    case 4:
        text = text.upper().replace("N", "")[1:-1].split(",")
import json, re
json.loads(json.dumps({"a": [1, 2.5, None, True], "b": text}))
re.sub(r"\d+", lambda found: found[0] * 2, "a1b22")
