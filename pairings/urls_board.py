"""The board of a pairing, the split of a branch, wishes."""

from django.urls import URLPattern, path

from . import views_board, views_split

urlpatterns: list[URLPattern] = [
    path("<int:pk>/board/", views_board.board, name="board"),
    path("<int:pk>/board/options/", views_board.board_options, name="board_options"),
    path("<int:pk>/board/pair/", views_board.board_pair, name="board_pair"),
    path("<int:pk>/board/drop/", views_board.board_drop, name="board_drop"),
    path("<int:pk>/board/keep/", views_board.board_keep, name="board_keep"),
    path("<int:pk>/board/undo/", views_board.board_undo, name="board_undo"),
    path("<int:pk>/board/pin/", views_board.board_pin, name="board_pin"),
    path("<int:pk>/board/propose/", views_board.board_propose, name="board_propose"),
    path("<int:pk>/board/publish/", views_board.board_publish, name="board_publish"),
    path("<int:pk>/board/discard/", views_board.board_discard, name="board_discard"),
    path("<int:pk>/board/posts/", views_board.board_posts, name="board_posts"),
    path("<int:pk>/board/posts/propose/", views_board.board_posts_propose, name="board_posts_propose"),
    path("split/<int:pk>/", views_split.split, name="split"),
    path("split/<int:pk>/place/", views_split.split_place, name="split_place"),
    path("split/<int:pk>/pin/", views_split.split_pin, name="split_pin"),
    path("split/<int:pk>/propose/", views_split.split_propose, name="split_propose"),
    path("split/<int:pk>/publish/", views_split.split_publish, name="split_publish"),
    path("split/<int:pk>/discard/", views_split.split_discard, name="split_discard"),
    path("wishes/", views_split.wishes, name="wishes"),
]
