"""An expert that predicts items by a softmax on the vector of the last turns."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from crslab_causal.model.experts.options import TextToItemOptions
from crslab_causal.model.experts.smoothing import log_popularity
from crslab_causal.model.experts.text_expert import TextExpert

BATCH_SIZE = 512


class TextToItem(TextExpert):
    r"""A linear softmax on the frozen vector v of the last turns.

    .. math:: q(y \mid v) \propto \exp(a_y^\top v + b_y)

    The probabilities sum to 1 over the items that are the label of a training text. All other items get the value 0 as
    their evidence. a starts at 0 and b at the logarithm of popularity. Adam trains both on the cross-entropy, with a
    learning rate that falls linearly. The number of epochs is small, which prevents overfitting.

    Options: :class:`.TextToItemOptions`.
    """

    options_class = TextToItemOptions
    options: TextToItemOptions
    labels: Tensor
    """Indices of the items that are the label of a training text, ``(n_label,)``."""
    coefficients: Tensor
    """Coefficients a, ``(n_label, dim)``."""
    bias: Tensor
    """Bias b, ``(n_label,)``."""

    def build_model(self) -> None:
        super().build_model()
        self.register_buffer('labels', torch.empty(0, dtype=torch.long))
        self.register_buffer('coefficients', torch.empty(0, 0))
        self.register_buffer('bias', torch.empty(0))

    def fit_texts(self, vectors: Tensor, labels: Tensor) -> None:
        options, device = self.options, self.bias.device
        self.labels = labels.unique()
        bias = log_popularity(self.item_count)[self.labels]
        position = torch.full((self.n_item,), -1, device=device)
        position[self.labels] = torch.arange(len(self.labels), device=device)
        self.coefficients, self.bias = fit_softmax(
            vectors,
            position[labels],
            bias,
            options.text_epochs,
            options.text_lr,
            options.text_decay,
            seed=self.opt.get('seed', 0) or 0,
        )

    def text_evidence(self, vectors: Tensor) -> Tensor:
        evidence = torch.zeros(len(vectors), self.n_item, device=vectors.device)
        if len(self.labels):
            evidence[:, self.labels] = F.linear(vectors, self.coefficients, self.bias).softmax(-1)
        return evidence


def fit_softmax(
    vectors: Tensor, labels: Tensor, bias: Tensor, epochs: int, lr: float, decay: float, seed: int
) -> tuple[Tensor, Tensor]:
    """Train the coefficients and the bias of a linear softmax.

    Args:
        vectors: ``(n, dim)``, the inputs.
        labels: ``(n,)``, the classes.
        bias: ``(n_class,)``, bias to start from.
        epochs: number of passes over the inputs.
        lr: learning rate of the first update. It falls linearly to nearly 0.
        decay: weight of the squared norm of the coefficients.
        seed: seed of the order of the inputs.

    Returns:
        The coefficients, ``(n_class, dim)``, and the bias, ``(n_class,)``.
    """
    coefficients = torch.zeros(len(bias), vectors.shape[1], device=vectors.device, requires_grad=True)
    bias = bias.clone().requires_grad_()
    optimizer = torch.optim.Adam([coefficients, bias], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    batches = [
        part for _ in range(epochs) for part in torch.randperm(len(vectors), generator=generator).split(BATCH_SIZE)
    ]
    with torch.enable_grad():
        for step, part in enumerate(batches):
            rows = part.to(vectors.device)
            optimizer.param_groups[0]['lr'] = lr * (1 - (step + 0.5) / len(batches))
            loss = F.cross_entropy(F.linear(vectors[rows], coefficients, bias), labels[rows])
            optimizer.zero_grad()
            (loss + decay * coefficients.square().sum()).backward()
            optimizer.step()
    return coefficients.detach(), bias.detach()
