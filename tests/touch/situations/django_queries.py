import threading

import django
import pytest
from django.conf import settings
from django.db import connection, connections, models, transaction
from django.db.utils import OperationalError

counts = pytest.mark.counts

if not settings.configured:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:shop?mode=memory&cache=shared"}},
        INSTALLED_APPS=[],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()


class Order(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


class Item(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")

    class Meta:
        app_label = "shop"


@pytest.fixture(scope="module", autouse=True)
def tables():
    with connection.schema_editor() as editor:
        editor.create_model(Order)
        editor.create_model(Item)
    for number in range(3):
        order = Order.objects.create(name=f"order {number}")
        Item.objects.bulk_create([Item(order=order), Item(order=order)])
    yield
    # A thread of a test may still be connected, which keeps the tables.
    with connection.schema_editor() as editor:
        editor.delete_model(Item)
        editor.delete_model(Order)
    connections.close_all()


@pytest.fixture
def order():
    return Order.objects.create(name="mine")


@counts(4)
def test_lazy_loading():
    assert sum(len(order.items.all()) for order in Order.objects.filter(name__startswith="order")) == 6


@counts(2)
def test_prefetch():
    orders = Order.objects.filter(name__startswith="order").prefetch_related("items")
    assert sum(len(order.items.all()) for order in orders) == 6


@counts(1)
def test_select_related():
    assert len({item.order.name for item in Item.objects.select_related("order")}) == 3


@counts(1, setup=1)
def test_setup_is_apart(order):
    order.save(update_fields=["name"])


@counts(1)
def test_transaction():
    with transaction.atomic(), transaction.atomic():
        Order.objects.filter(name="order 1").update(name="order 1")


@counts(2)
def test_cursors():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from shop_order where name = %s", ["mine"])
        cursor.executemany("update shop_order set name = %s where name = %s", [["a", "b"], ["c", "d"]])


@counts(1)
def test_failures():
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("select * from nowhere")


@counts(1)
def test_a_new_connection_asks_for_itself():
    connection.close_if_unusable_or_obsolete()
    other = connection.copy("other")
    with other.cursor() as cursor:
        cursor.execute("select 1")
    other.close()


@counts(2)
def test_thread():
    def send():
        list(Order.objects.all())
        list(Item.objects.all())
        connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()


@counts(1)
def test_execute_wrapper():
    seen = []

    def wrapper(execute, *arguments):
        seen.append(arguments[0])
        return execute(*arguments)

    with connection.execute_wrapper(wrapper):
        list(Order.objects.all())
    assert len(seen) == 1


@counts(1)
def test_secrets(token):
    with connection.cursor() as cursor:
        cursor.execute(f"select '{token}', %s", [token])
