"""Small batches of smooth spectrograms for the tests of the learned backends."""

import torch
import torch.nn.functional as F

SHAPE = (3, 64, 376)


def smooth_batch(count, config, seed=0):
    """A batch with an onset in each spectrogram, noise and time steps drawn beforehand."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(2, count, 3, 8, 12, generator=generator)
    smooth = F.interpolate(coarse.flatten(0, 1), SHAPE[1:], mode="bilinear").unflatten(0, (2, count))
    onsets = torch.rand(2, count, generator=generator) * 30 + 10
    times = torch.arange(SHAPE[2]) * 0.16
    source, target = 0.5 * smooth + (times > onsets[..., None]).float()[:, :, None, None, :] - 0.5
    batch = {
        "source": source,
        "target": target,
        "condition": torch.randn(count, config.condition.size, generator=generator),
        "t": torch.randint(1, config.steps + 1, (count,), generator=generator),
        "noise": torch.randn(count, *config.latent_shape, generator=generator),
    }
    if config.unet.onset_maps:
        batch["onsets"] = torch.stack([onsets[1], onsets[1] + 3], dim=1)
    return batch


def train_steps(model, batch, steps, rate=3e-3, part=None):
    """Fit one batch; returns the losses."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    losses = []
    for _ in range(steps):
        loss = model.loss(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
