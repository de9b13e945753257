from django.template import Context, Engine

from library.models import Author, Book

_TEMPLATE = Engine().from_string("{% for book in books %}{{ book.title }} by {{ book.author.name }}\n{% endfor %}")


# True.


def in_template():
    return _TEMPLATE.render(Context({"books": Book.objects.all()}))


def reverse():
    return [(author.name, [book.title for book in author.books.all()]) for author in Author.objects.all()]


def get_each():
    return [Author.objects.get(pk=author).name for author in Book.objects.values_list("author_id", flat=True)]


# Clean.


def related():
    return _TEMPLATE.render(Context({"books": Book.objects.select_related("author")}))


def prefetched():
    return [(author.name, len(author.books.all())) for author in Author.objects.prefetch_related("books")]


def pages(size=4):
    return [list(Book.objects.order_by("id")[start : start + size]) for start in range(0, 24, size)]
