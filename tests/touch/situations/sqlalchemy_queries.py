import asyncio
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, declarative_base, relationship, selectinload

counts = pytest.mark.counts
Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = sa.Column(sa.Integer, primary_key=True)
    items = relationship("Item")


class Item(Base):
    __tablename__ = "items"
    id = sa.Column(sa.Integer, primary_key=True)
    order_id = sa.Column(sa.ForeignKey("orders.id"))
    name = sa.Column(sa.String)


def _fill(session):
    session.add_all([Order(id=number, items=[Item(name="a"), Item(name="b")]) for number in range(1, 4)])
    session.commit()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        _fill(session)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with Session(engine) as session:
        session.execute(sa.text("select 1"))
        yield session
        session.rollback()


@counts(2)
def test_core(engine):
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.count()).select_from(Order.__table__))
        connection.exec_driver_sql("select 1")


@counts(4, setup=1)
def test_lazy_loading(session):
    assert sum(len(order.items) for order in session.scalars(sa.select(Order)).all()) == 6


@counts(2, setup=1)
def test_eager_loading(session):
    orders = session.scalars(sa.select(Order).options(selectinload(Order.items))).all()
    assert sum(len(order.items) for order in orders) == 6


@counts(2, setup=1)
def test_unit_of_work(session):
    for item in session.scalars(sa.select(Item).where(Item.order_id == 1)):
        item.name = "c"
    session.flush()


@counts(1, setup=1)
def test_savepoint(session):
    with session.begin_nested():
        session.execute(sa.text("select 2"))


@counts(2, setup=1)
def test_failures(session):
    for _ in range(2):
        with pytest.raises(sa.exc.OperationalError):
            session.execute(sa.text("select * from nowhere"))


@counts(1, setup=1)
def test_many(session):
    session.connection().execute(
        Item.__table__.update().where(Item.id == sa.bindparam("number")).values(name=sa.bindparam("text")),
        [{"number": 1, "text": "x"}, {"number": 2, "text": "y"}],
    )


@counts(1)
def test_a_new_engine_asks_for_itself():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sa.text("select 1"))
    engine.dispose()


@counts(3)
def test_thread(engine):
    def send():
        with engine.connect() as connection:
            for _ in range(3):
                connection.execute(sa.text("select 1"))

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()


@counts(0)
def test_raw_connection_is_not_counted(engine):
    connection = engine.raw_connection()
    connection.cursor().execute("select 1")
    connection.close()


@counts(1)
def test_secrets(engine, token):
    with engine.connect() as connection:
        connection.execute(sa.text(f"select '{token}', :name"), {"name": token})


async def _session_of(path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}/shop.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return engine


@counts(8)
def test_async(tmp_path):
    async def run():
        engine = await _session_of(tmp_path)  # 2: the tables
        async with AsyncSession(engine) as session:
            session.add_all([Order(id=1), Order(id=2)])
            await session.commit()  # 1
            await session.execute(sa.select(Order))  # 1
            await session.execute(sa.text("select 1"))  # 1
            await session.run_sync(lambda inner: [len(order.items) for order in inner.scalars(sa.select(Order))])  # 3
        await engine.dispose()

    asyncio.run(run())


@counts(6)
def test_async_gather(tmp_path):
    async def send(engine):
        async with engine.connect() as connection:
            await connection.execute(sa.text("select 1"))

    async def run():
        engine = await _session_of(tmp_path)  # 2
        await asyncio.gather(*(send(engine) for _ in range(4)))
        await engine.dispose()

    asyncio.run(run())
