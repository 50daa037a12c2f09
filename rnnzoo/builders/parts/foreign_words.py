"""What other libraries call an argument of a builder, so that a wrong word is answered with the right one."""

from __future__ import annotations

from collections.abc import Collection

from rnnzoo.errors import nearest

#: Our words, each with what users of PyTorch, Keras, TensorFlow and forecasting libraries type for it.
_FOREIGN: dict[str, str] = {
    "units": "hidden_size hidden_sizes hidden_dim hidden_dims hidden_units num_units rnn_units num_hidden n_hidden "
    "layer_sizes num_layers n_layers depth layers width rnn_size hidden_layers",
    "cell": "rnn_type rnn cell_type layer_type rnn_cell recurrent_layer unit_type",
    "bidirectional": "bi bidir is_bidirectional birnn both_directions",
    "dropout": "dropout_rate drop drop_rate dropout_prob rate p hidden_dropout",
    "recurrent_dropout": "recurrent_drop rnn_dropout dropout_hidden state_dropout",
    "skip": "residual residuals skip_connections highway use_residual",
    "regularization": "regularizer regularisation kernel_regularizer recurrent_regularizer weight_drop weight_dropout "
    "zoneout kernel_l1 kernel_l2 l1 l2 activation_penalty change_penalty variational",
    "pooling": "pool pooling_type pooling_mode reduction aggregation return_sequences",
    "vocabulary_size": "vocab_size num_embeddings num_tokens num_words n_tokens max_tokens max_features ntoken",
    "embedding_size": "embedding_dim embed_dim emb_dim emb_size embed_size embedding_dims output_dim ninp d_model",
    "embedding_weights": "embedding_matrix pretrained_embeddings embeddings weights embeddings_initializer",
    "trainable_embedding": "freeze freeze_embeddings train_embeddings embedding_trainable embeddings_trainable",
    "num_features": "input_size input_dim n_features in_features features num_inputs feature_size",
    "num_classes": "n_classes num_labels n_labels classes output_size out_features num_outputs nclass",
    "num_targets": "n_targets output_size out_features num_outputs",
    "horizon": "prediction_length pred_len n_ahead steps_ahead forecast_horizon output_chunk_length h",
    "window": "seq_len lookback context_length input_chunk_length sequence_length past_steps",
    "heads": "num_heads n_heads nhead attention_heads",
    "blocks": "num_blocks n_blocks num_encoder_layers transformer_layers",
    "filters": "num_filters channels out_channels num_channels",
    "kernel_size": "kernel kernel_sizes filter_size kernel_width",
    "tied_embeddings": "tie_weights tied weight_tying tie_embeddings",
    "embedding_dropout": "emb_dropout dropout_embedding input_dropout",
    "variable_length": "masked masking mask mask_zero use_mask",
    "frame_shape": "image_shape image_size input_shape",
    "task": "loss objective problem",
    "name": "model_name",
}


def nearest_word(word: str, known: Collection[str]) -> str | None:
    """Returns which argument is most likely meant.

    Args:
        word: What was typed.
        known: The arguments that there are.

    Returns:
        One of ``known``, or ``None`` where none is near.

    Example:
        >>> nearest_word("hidden_size", ["num_classes", "units"]), nearest_word("drop_out", ["dropout"])
        ('units', 'dropout')
    """
    lower = str(word).lower()
    for ours, foreign in _FOREIGN.items():
        if ours in known and lower in foreign.split():
            return ours
    return nearest(lower, sorted(known))
