"""
The same library by SQLAlchemy.
"""

from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, select
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, selectinload
from sqlalchemy.pool import StaticPool

# As in SQLAlchemy 1.4.
Base = declarative_base()


class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship("Book", back_populates="author")


class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String)
    author_id = Column(Integer, ForeignKey("author.id"))
    author = relationship("Author", back_populates="books")


def engine():
    made = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(made)
    with Session(made) as session:
        session.add_all(Author(id=n, name=f"author {n}") for n in range(1, 13))
        session.add_all(Book(id=n, title=f"book {n}", author_id=n % 12 + 1) for n in range(1, 25))
        session.commit()
    return made


# True.


def lazy(session):
    return [(author.name, len(author.books)) for author in session.scalars(select(Author))]


def lazy_parent(session):
    return [(book.title, book.author.name) for book in session.scalars(select(Book)).all()]


def get_each(session):
    return [session.get(Author, author) for author in session.scalars(select(Book.author_id)).all()]


def first_of_each(session):
    return [
        session.scalars(select(Book).where(Book.author_id == author).limit(1)).first()
        for author in session.scalars(select(Author.id)).all()
    ]


# Clean.


def select_in(session):
    return [
        (author.name, len(author.books))
        for author in session.scalars(select(Author).options(selectinload(Author.books)))
    ]


def joined(session):
    books = session.scalars(select(Book).options(joinedload(Book.author)))
    return [(book.title, book.author.name) for book in books]


def pages(session, size=4):
    rows = [
        session.scalars(select(Book).order_by(Book.id).limit(size).offset(start)).all() for start in range(0, 24, size)
    ]
    return sum(rows, [])


def unit_of_work(session):
    for book in session.scalars(select(Book)).all():
        book.title = book.title.upper()
    session.flush()


def add_all(session):
    known = session.scalars(select(Author)).all()
    session.add_all(Author(name=f"new {author.name}") for author in known)
    session.flush()
