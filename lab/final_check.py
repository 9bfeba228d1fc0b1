import torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
from scores import row
for f in ("inv_s0_final.pt", "inv_v_final.pt", "inv1d_final.pt"):
    ck = torch.load(f, weights_only=False); a = ck["args"]; net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], hidden=a["hidden"], power=-1).double(); net.load_state_dict(ck["ema"])
    for n, N in ((5, 10000), (10, 10000), (20, 2000)):
        A = torch.from_numpy(np.random.default_rng(31337).uniform(-10, 10, (N, n, n)))
        with torch.no_grad(): e = torch.cat([net.defect(x, net.answer_only(x)) for x in A.split(500)])
        print(f, n, N, "one pass float64", row(e), flush=True)
