import sys, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], tied=bool(a["tied"]), hidden=a["hidden"], power=a["power"]).double(); net.load_state_dict(ck["ema"])
A = torch.from_numpy(np.random.default_rng(77).uniform(-10, 10, (1000, 20, 20))); s = torch.linalg.svdvals(A)
with torch.no_grad():
    s1 = s * net.answer_only(s); r = (1 - s1).abs().amax(1); k = s[:, 0] / s[:, -1]
    for p in range(5):
        bad = r > .01; print("pass", p + 1, "bad", bad.sum().item(), "kappa of bad: min", k[bad].min().round().item() if bad.any() else "-", "| s range", s1.min().item(), s1.max().item())
        if p == 0 or p == 3:
            for i in torch.nonzero(bad)[-4:, 0]: print("    kappa", round(k[i].item()), "s smallest three", s1[i].sort()[0][:3].tolist(), "largest", s1[i].max().item())
        s2 = net.answer_only(s1.abs()) * s1.abs(); s1 = s2; r = (1 - s1).abs().amax(1)
