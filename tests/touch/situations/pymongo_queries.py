import asyncio
import os

import pymongo
import pytest

counts = pytest.mark.counts
ADDRESS = f"mongodb://127.0.0.1:{os.environ['MONGO_PORT']}"


@pytest.fixture
def database():
    client = pymongo.MongoClient(ADDRESS)
    yield client.shop
    client.close()


@counts(4)
def test_commands(database):
    database.orders.insert_one({"_id": 1})
    database.orders.find_one({"customer.name": "a"})
    database.orders.update_many({"_id": {"$in": [1, 2]}}, {"$set": {"open": True}})
    database.orders.delete_one({"_id": 1})


@counts(4)
def test_batches(database):
    lines = database[f"lines_{os.getpid()}"]
    lines.insert_many([{"_id": number} for number in range(25)])
    assert len(list(lines.find({}, batch_size=10))) == 25


@counts(1)
def test_pipelines(database):
    list(database.orders.aggregate([{"$match": {"customer": "a"}}, {"$group": {"_id": "$customer"}}]))


@counts(1)
def test_failures(database):
    with pytest.raises(pymongo.errors.OperationFailure):
        database.command("explode")


@counts(0)
def test_commands_of_the_connection(database):
    database.command("ping")
    database.client.server_info()


@counts(2)
def test_secrets(database, token):
    database.people.insert_one({"name": token, token: 1})
    database.people.find_one({"name": token, "age": {"$gt": token}})


@counts(3)
def test_async():
    async def run():
        async with pymongo.AsyncMongoClient(ADDRESS) as client:
            await client.shop.orders.insert_one({"_id": 7})
            await asyncio.gather(*(client.shop.orders.find_one({"_id": number}) for number in range(2)))

    asyncio.run(run())
