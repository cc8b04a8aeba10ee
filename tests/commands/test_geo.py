"""The geo commands."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.commands import Recorder
from syncredis.commands.types import GeoMatch, GeoPosition

PALERMO = (13.361389, 38.115556)
CATANIA = (15.087269, 37.502669)
HASHES = {"Palermo": 3479099956230698, "Catania": 3479447370796909}

#: From 15 degrees east, 37 degrees north: about 56 km to Catania and 190 km to Palermo.
AROUND = {"longitude": 15, "latitude": 37, "radius": 200, "unit": "km"}


def fill(client: Any) -> None:
    client.geoadd("g", [*PALERMO, "Palermo", *CATANIA, "Catania"])


def near(position: tuple[float, float]) -> Any:
    """A position as the server knows it, which is not exact."""
    return pytest.approx(position, abs=1e-5)


# --- add, position, distance ---------------------------------------------------------------------------


def test_add(client: Any) -> None:
    assert client.geoadd("g", [*PALERMO, "Palermo", *CATANIA, "Catania"]) == 2
    assert client.geoadd("g", (*PALERMO, "Palermo")) == 0
    assert client.zscore("g", "Palermo") == HASHES["Palermo"]


def test_add_or_move_only(client: Any) -> None:
    fill(client)
    moved = [*CATANIA, "Palermo", *CATANIA, "new"]
    assert client.geoadd("g", moved, xx=True) == 0
    assert client.zscore("g", "Palermo") == HASHES["Catania"]
    assert client.zscore("g", "new") is None
    assert client.geoadd("g", [*PALERMO, "Palermo", *CATANIA, "new"], nx=True) == 1
    assert client.zscore("g", "Palermo") == HASHES["Catania"]
    assert client.geoadd("g", [*PALERMO, "Palermo", *PALERMO, "newer"], ch=True) == 2


def test_additions_that_can_not_be(client: Any) -> None:
    with pytest.raises(DataError, match="nx and xx exclude each other"):
        client.geoadd("g", [*PALERMO, "Palermo"], nx=True, xx=True)
    with pytest.raises(DataError, match="values must hold at least one"):
        client.geoadd("g", [])
    for values in ([*PALERMO], "abc", [*PALERMO, "Palermo", 1]):
        with pytest.raises(DataError, match="values must hold longitude, latitude and name of each member"):
            client.geoadd("g", values)
    with pytest.raises(ResponseError, match="invalid longitude"):
        client.geoadd("g", [200, 0, "nowhere"])


def test_distance(client: Any) -> None:
    fill(client)
    assert client.geodist("g", "Palermo", "Catania") == pytest.approx(166274.1516)
    assert client.geodist("g", "Palermo", "Catania", "km") == pytest.approx(166.2742)
    assert client.geodist("g", "Palermo", "Catania", unit="MI") == pytest.approx(103.3182)
    assert client.geodist("g", "Palermo", "Palermo", "ft") == 0
    assert type(client.geodist("g", "Palermo", "Palermo")) is float
    assert client.geodist("g", "Palermo", "none") is None
    with pytest.raises(DataError, match="unit must be M or KM or FT or MI, not 'ly'"):
        client.geodist("g", "Palermo", "Catania", "ly")


def test_geohash(client: Any) -> None:
    fill(client)
    assert client.geohash("g", "Palermo", "none", "Catania") == ["sqc8b49rny0", None, "sqdtr74hyu0"]
    assert client.geohash("none", "Palermo") == [None]
    with pytest.raises(DataError, match="values must hold at least one"):
        client.geohash("g")


def test_position(client: Any) -> None:
    fill(client)
    palermo, none, catania = client.geopos("g", "Palermo", "none", "Catania")
    assert (palermo, none, catania) == (near(PALERMO), None, near(CATANIA))
    assert type(palermo) is GeoPosition
    assert (palermo.longitude, palermo.latitude) == palermo
    assert {type(degrees) for degrees in palermo} == {float}
    assert client.geopos("none", "Palermo") == [None]
    with pytest.raises(DataError, match="values must hold at least one"):
        client.geopos("g")


# --- search --------------------------------------------------------------------------------------------


def test_search_in_a_circle(client: Any) -> None:
    fill(client)
    assert set(client.geosearch("g", **AROUND)) == {"Palermo", "Catania"}
    assert client.geosearch("g", longitude=15, latitude=37, radius=100_000) == ["Catania"]
    assert client.geosearch("g", "Catania", unit="KM", radius=100) == ["Catania"]
    assert client.geosearch("g", longitude=0, latitude=0, radius=0) == []
    assert client.geosearch("none", **AROUND) == []


def test_search_in_a_box(client: Any) -> None:
    fill(client)
    assert set(client.geosearch("g", "Catania", unit="km", width=400, height=200)) == {"Palermo", "Catania"}
    assert client.geosearch("g", "Catania", width=400_000, height=1) == ["Catania"]


def test_search_in_order_and_not_for_all(client: Any) -> None:
    fill(client)
    assert client.geosearch("g", **AROUND, sort="ASC") == ["Catania", "Palermo"]
    assert client.geosearch("g", **AROUND, sort="desc") == ["Palermo", "Catania"]
    assert client.geosearch("g", **AROUND, count=1) == ["Catania"]
    assert len(client.geosearch("g", **AROUND, count=1, any=True)) == 1


def test_search_and_distance(client: Any) -> None:
    fill(client)
    found = client.geosearch("g", **AROUND, sort="ASC", withdist=True)
    assert found == [("Catania", 56.4413), ("Palermo", 190.4424)]
    assert {type(match) for match in found} == {GeoMatch}
    assert (found[0].member, found[0].distance) == ("Catania", 56.4413)


def test_search_and_all_that_is_known(client: Any) -> None:
    fill(client)
    catania, palermo = client.geosearch("g", **AROUND, sort="ASC", withcoord=True, withdist=True, withhash=True)
    assert catania == ("Catania", 56.4413, HASHES["Catania"], near(CATANIA))
    assert (palermo.member, palermo.distance, palermo.hash) == ("Palermo", 190.4424, HASHES["Palermo"])
    assert palermo.position == near(PALERMO)
    assert type(palermo.position) is GeoPosition


@pytest.mark.parametrize(
    "options", [{}, {"withcoord": True}, {"withhash": True}, {"withdist": True, "withcoord": True}]
)
def test_what_was_not_asked_for_is_not_there(client: Any, options: dict[str, bool]) -> None:
    fill(client)
    (catania,) = client.geosearch("g", **AROUND, count=1, **options)
    if not options:
        assert catania == "Catania"
        return
    parts = {"withdist": 56.4413, "withhash": HASHES["Catania"], "withcoord": near(CATANIA)}
    assert catania == ("Catania", *(part for option, part in parts.items() if option in options))
    for option, name in (("withdist", "distance"), ("withhash", "hash"), ("withcoord", "position")):
        if option in options:
            assert getattr(catania, name) == parts[option]
        else:
            with pytest.raises(AttributeError, match=f"not asked for with {option}"):
                getattr(catania, name)


def test_a_whole_number_is_a_distance_too(client: Any) -> None:
    fill(client)
    (found,) = client.geosearch("g", "Catania", radius=1, withdist=True)
    assert found == ("Catania", 0)
    assert type(found.distance) is float


def test_a_match_can_be_pickled() -> None:
    match = GeoMatch(("a", 1.5, GeoPosition(1.0, 2.0)))
    copy = pickle.loads(pickle.dumps(match))
    assert copy == match
    assert copy.position.latitude == 2


@pytest.mark.since(valkey="9.0")
def test_search_in_a_polygon(client: Any) -> None:
    fill(client)
    triangle = [(14, 30), (20, 30), (15, 45)]
    assert client.geosearch("g", polygon=triangle) == ["Catania"]
    (found,) = client.geosearch("g", polygon=iter(triangle), withdist=True, withcoord=True)
    assert (found.member, found.position) == ("Catania", near(CATANIA))
    assert 100_000 < found.distance < 1_000_000
    assert client.geosearchstore("d", "g", polygon=triangle) == 1
    assert client.zrange("d", 0, -1) == ["Catania"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 1}, "member, or longitude and latitude, are needed"),
        ({"longitude": 1, "radius": 1}, "member, or longitude and latitude, are needed"),
        ({"latitude": 0, "radius": 1}, "member, or longitude and latitude, are needed"),
        ({"member": "a"}, "radius, or width and height, are needed"),
        ({"member": "a", "width": 1}, "radius, or width and height, are needed"),
        ({"member": "a", "height": 0}, "radius, or width and height, are needed"),
        ({"member": "a", "longitude": 0, "radius": 1}, "member and longitude exclude each other"),
        ({"member": "a", "latitude": 0, "radius": 1}, "member and latitude exclude each other"),
        ({"member": "a", "radius": 1, "width": 0}, "radius and width exclude each other"),
        ({"member": "a", "radius": 1, "height": 0}, "radius and height exclude each other"),
        ({"member": "a", "radius": 1, "unit": "ly"}, "unit must be M or KM or FT or MI, not 'ly'"),
        ({"member": "a", "radius": 1, "sort": "up"}, "sort must be ASC or DESC, not 'up'"),
        ({"member": "a", "radius": 1, "any": True}, "any needs count"),
        ({"polygon": [(0, 0), (0, 1)]}, "polygon must have at least 3 corners, not 2"),
        ({"polygon": [0, 0, 0, 1, 1, 1]}, "polygon must hold pairs of longitude and latitude"),
        ({"polygon": [(0, 0), (0, 1), (1, 1, 1)]}, "polygon must hold pairs of longitude and latitude"),
        ({"polygon": [(0, 0), (0, 1), (1, 1)], "member": "a"}, "polygon and member exclude each other"),
        ({"polygon": [(0, 0), (0, 1), (1, 1)], "latitude": 0}, "polygon and latitude exclude each other"),
        ({"polygon": [(0, 0), (0, 1), (1, 1)], "radius": 0}, "polygon and radius exclude each other"),
        ({"polygon": [(0, 0), (0, 1), (1, 1)], "unit": "km"}, "unit must be m with polygon, not 'km'"),
    ],
)
def test_searches_that_can_not_be(options: dict[str, Any], message: str) -> None:
    recorder = Recorder[str]()
    with pytest.raises(DataError, match=message):
        recorder.geosearch("g", **options)
    with pytest.raises(DataError, match=message):
        recorder.geosearchstore("d", "g", **options)


def test_store_what_was_found(client: Any) -> None:
    fill(client)
    assert client.geosearchstore("d", "g", **AROUND) == 2
    assert dict(client.zrange("d", 0, -1, withscores=True)) == HASHES
    assert client.geosearchstore("d", "g", "Catania", unit="km", width=400, height=200, sort="DESC", count=1) == 1
    assert client.zrange("d", 0, -1) == ["Palermo"]
    assert client.geosearchstore("d", "g", **AROUND, count=1, any=True) == 1


def test_store_distances(client: Any) -> None:
    fill(client)
    assert client.geosearchstore("d", "g", **AROUND, storedist=True) == 2
    catania, palermo = client.zrange("d", 0, -1, withscores=True)
    assert catania == ("Catania", pytest.approx(56.4413))
    assert palermo == ("Palermo", pytest.approx(190.4424))


# --- the old forms -------------------------------------------------------------------------------------


def test_radius(client: Any) -> None:
    fill(client)
    assert set(client.georadius("g", 15, 37, 200, "km")) == {"Palermo", "Catania"}
    assert client.georadius("g", 15, 37, 100_000) == ["Catania"]
    assert client.georadius("g", 15, 37, 200, "km", sort="DESC") == ["Palermo", "Catania"]
    assert client.georadius("g", 15, 37, 200, "km", count=1) == ["Catania"]
    assert len(client.georadius("g", 15, 37, 200, "km", count=1, any=True)) == 1
    assert client.georadius("none", 15, 37, 200, "km", withdist=True) == []


def test_radius_and_what_is_known(client: Any) -> None:
    fill(client)
    (catania,) = client.georadius("g", 15, 37, 200, "km", True, True, True, 1)
    assert type(catania) is GeoMatch
    assert catania == ("Catania", 56.4413, HASHES["Catania"], near(CATANIA))
    (catania,) = client.georadius("g", 15, 37, 200, "km", withcoord=True, count=1)
    assert catania == ("Catania", near(CATANIA))


def test_radius_around_a_member(client: Any) -> None:
    fill(client)
    assert client.georadiusbymember("g", "Palermo", 100, "km") == ["Palermo"]
    assert client.georadiusbymember("g", "Palermo", 200_000, sort="ASC") == ["Palermo", "Catania"]
    assert client.georadiusbymember("g", "Palermo", 200, "km", withdist=True, sort="DESC", count=1) == [
        ("Catania", 166.2742)
    ]
    (palermo,) = client.georadiusbymember("g", "Palermo", 1, "m", False, True, True)
    assert (palermo.hash, palermo.position) == (HASHES["Palermo"], near(PALERMO))


def test_radius_stored(client: Any) -> None:
    fill(client)
    assert client.georadius("g", 15, 37, 200, "km", store="d") == 2
    assert dict(client.zrange("d", 0, -1, withscores=True)) == HASHES
    assert client.georadius("g", 15, 37, 100, "km", store_dist="d") == 1
    assert client.zrange("d", 0, -1, withscores=True) == [("Catania", pytest.approx(56.4413))]
    assert client.georadiusbymember("g", "Palermo", 100, "km", store="d") == 1
    assert client.zrange("d", 0, -1, withscores=True) == [("Palermo", HASHES["Palermo"])]
    assert client.georadiusbymember("g", "Palermo", 200, "km", store_dist="d") == 2
    assert client.zscore("d", "Catania") == pytest.approx(166.2742)


def test_radius_that_stores_nothing_only_reads() -> None:
    recorder: Any = Recorder[str]()
    for around, search in ((recorder.georadius, (15, 37, 1)), (recorder.georadiusbymember, ("a", 1))):
        assert around("g", *search).read_only
        assert not around("g", *search, store="d").read_only
        assert not around("g", *search, store_dist="d").read_only


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "ly"}, "unit must be M or KM or FT or MI, not 'ly'"),
        ({"sort": "up"}, "sort must be ASC or DESC, not 'up'"),
        ({"any": True}, "any needs count"),
        ({"store": "d", "store_dist": "e"}, "store and store_dist exclude each other"),
        ({"store": "d", "withdist": True}, "store and store_dist exclude withdist, withcoord and withhash"),
        ({"store_dist": "d", "withhash": True}, "store and store_dist exclude withdist, withcoord and withhash"),
    ],
)
def test_radiuses_that_can_not_be(options: dict[str, Any], message: str) -> None:
    recorder = Recorder[str]()
    with pytest.raises(DataError, match=message):
        recorder.georadius("g", 15, 37, 1, **options)
    with pytest.raises(DataError, match=message):
        recorder.georadiusbymember("g", "a", 1, **options)


# --- bytes ---------------------------------------------------------------------------------------------


def test_bytes(raw: Any) -> None:
    raw.geoadd("g", [*PALERMO, b"\xff"])
    assert raw.geohash("g", b"\xff", "none") == ["sqc8b49rny0", None]
    assert raw.geopos("g", b"\xff") == [near(PALERMO)]
    assert raw.geodist("g", b"\xff", b"\xff") == 0
    assert raw.geosearch("g", b"\xff", radius=1) == [b"\xff"]
    (found,) = raw.geosearch("g", b"\xff", radius=1, withcoord=True, withdist=True, withhash=True)
    assert found == (b"\xff", 0.0, HASHES["Palermo"], near(PALERMO))
    assert raw.georadiusbymember("g", b"\xff", 1, withdist=True) == [(b"\xff", 0.0)]
    assert raw.georadius("g", *PALERMO, 1) == [b"\xff"]
