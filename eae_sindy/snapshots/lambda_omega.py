"""The λ–ω reaction–diffusion system in Fourier space, stepped by ETDRK4."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy import fft

from ..errors import EaeSindyError
from ..recipes import ReactionDiffusion


class LambdaOmega:
    """Spiral waves of the λ–ω system on a periodic square (Champion et al. 2019, SI).

    With w = u + iv and A = |w|²,

        w_t = (1 − A) w − iβ A w + d₁ ∇²u + i d₂ ∇²v.

    Equal diffusivities leave one complex field; otherwise u and v are stepped side by side. The
    field that is put out is u·exp(−window·r²), the rate u_t·exp(−window·r²) by the right-hand side
    itself.

    Parameters
    ----------
    settings : recipes.ReactionDiffusion
    """

    def __init__(self, settings: ReactionDiffusion = ReactionDiffusion()) -> None:  # noqa: B008
        self.settings = s = settings
        axis = s.length * (np.arange(s.grid) / s.grid - 0.5)
        self.x, self.y = np.meshgrid(axis, axis, indexing="xy")
        self.axis = axis
        self.window = np.exp(-s.window * (self.x**2 + self.y**2))
        wave = 2 * np.pi * fft.fftfreq(s.grid, s.length / s.grid)
        k2 = wave[:, None] ** 2 + wave**2
        d = s.diffusivity[:1] if s.diffusivity[0] == s.diffusivity[1] else s.diffusivity
        self.linear = 1.0 - np.array(d)[:, None, None] * k2  # growth and diffusion, [fields, n, n]

    @property
    def time(self) -> np.ndarray:
        """Output times [n]."""
        s = self.settings
        return s.step * np.arange(round(s.end / s.step) + 1)

    def initial(self) -> np.ndarray:
        """Return the spectrum [fields, n, n] of the start, tanh(r)·exp(i(mθ − r)), m arms."""
        r = np.hypot(self.x, self.y)
        w = np.tanh(r) * np.exp(1j * (self.settings.arms * np.arctan2(self.y, self.x) - r))
        return fft.fft2(w[None] if len(self.linear) == 1 else np.stack([w.real, w.imag]))

    def reaction(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the spectrum of the nonlinear part, −(1 + iβ)|w|²w."""
        beta = self.settings.beta
        w = fft.ifft2(spectrum)
        if len(w) == 1:
            return fft.fft2(-(1 + 1j * beta) * (w.real**2 + w.imag**2) * w)
        u, v = w.real
        a = u**2 + v**2
        return fft.fft2(np.stack([-a * (u - beta * v), -a * (v + beta * u)]))

    def tendency(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the spectrum of the whole right-hand side."""
        return self.linear * spectrum + self.reaction(spectrum)

    def observe(self, spectrum: np.ndarray) -> np.ndarray:
        """Return what is put out of a spectrum: u times the window, [n, n]."""
        return fft.ifft2(spectrum[0]).real * self.window

    @cached_property
    def _weights(self) -> tuple[np.ndarray, ...]:
        """Coefficients of ETDRK4 by contour means (Kassam & Trefethen 2005, Eq. 2.5)."""
        h = self.settings.step / self.settings.substeps
        hl = h * self.linear
        contour = np.exp(1j * np.pi * (np.arange(32) + 0.5) / 32)
        z = hl[..., None] + contour

        def mean(values: np.ndarray) -> np.ndarray:
            return h * values.mean(axis=-1).real

        e = np.exp(z)
        return (
            np.exp(hl),
            np.exp(hl / 2),
            mean((np.exp(z / 2) - 1) / z),
            mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
            mean((2 + z + e * (z - 2)) / z**3),
            mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
        )

    def step(self, spectrum: np.ndarray, reaction: np.ndarray) -> np.ndarray:
        """Advance a spectrum by one substep of ETDRK4, given its nonlinear part."""
        full, half, q, f1, f2, f3 = self._weights
        advanced = half * spectrum
        a = advanced + q * reaction
        na = self.reaction(a)
        b = advanced + q * na
        nb = self.reaction(b)
        c = half * a + q * (2 * nb - reaction)
        return full * spectrum + f1 * reaction + 2 * f2 * (na + nb) + f3 * self.reaction(c)

    def frames(self, block: int = 100) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield blocks of (field, rate), each [≤ block, n, n], until `end`.

        Noise, if any, is white, Gaussian, of standard deviation `noise` in both.
        """
        s = self.settings
        rng = np.random.default_rng(s.seed)
        spectrum, n = self.initial(), len(self.time)
        for start in range(0, n, block):
            size = min(block, n - start)
            field, rate = np.empty((2, size, s.grid, s.grid))
            with np.errstate(over="ignore", invalid="ignore"):  # checked below, and said in words
                for i in range(size):
                    reaction = self.reaction(spectrum)
                    field[i] = self.observe(spectrum)
                    rate[i] = self.observe(self.linear * spectrum + reaction)
                    for sub in range(s.substeps if start + i + 1 < n else 0):
                        fresh = reaction if sub == 0 else self.reaction(spectrum)
                        spectrum = self.step(spectrum, fresh)
            if not (np.isfinite(field).all() and np.isfinite(rate).all()):
                raise EaeSindyError(
                    f"the integration diverged before t = {self.time[start + size - 1]:g}: take a "
                    "shorter --step, or more --substeps"
                )
            with np.errstate(over="ignore"):  # whoever stores the frames says where they end
                if s.noise:
                    field += s.noise * rng.standard_normal(field.shape)
                    rate += s.noise * rng.standard_normal(rate.shape)
            yield field, rate
