"""Pipelines of every family with random weights, small enough for a test: the classes are diffusers' and transformers' own.

Weights come from one seed. Tokenizers are trained on the spot on a few sentences.
"""

from collections.abc import Callable
from typing import Any

import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    AutoencoderDC,
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

SENTENCES = [
    "seven balloons, four bears and two swans on a blue background",
    "a red cube on top of a green sphere",
    "an owl who reads the newspaper in a small café",
    "three cats to the left of one big dog below the tree",
]
VOCABULARY = 160


def clip_tokenizer(pad_token: str = "<|endoftext|>", length: int = 20) -> PreTrainedTokenizerFast:
    """A byte-level BPE in the shape of CLIP's: lower case, end-of-word marks, start and end tokens."""
    start, end = "<|startoftext|>", "<|endoftext|>"
    tokenizer = Tokenizer(models.BPE(unk_token=end, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY + 300,
        special_tokens=["!", start, end],
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    ids = tokenizer.get_vocab()
    tokenizer.post_processor = processors.RobertaProcessing(
        (end, ids[end]), (start, ids[start]), trim_offsets=False, add_prefix_space=False
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=start,
        eos_token=end,
        unk_token=end,
        pad_token=pad_token,
        model_max_length=length,
    )


def t5_tokenizer(length: int = 24) -> PreTrainedTokenizerFast:
    """A unigram model in the shape of T5's: metaspace, no start token, </s> at the end, padding 0."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>", model_max_length=length
    )


def gemma_tokenizer() -> PreTrainedTokenizerFast:
    """A BPE in the shape of Gemma's: spaces become marks, byte fallback, <bos> at the start, padding on the right."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY + 256,
        special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        pad_token="<pad>",
        padding_side="right",
        model_max_length=24,
    )


def clip_text(tokenizer: PreTrainedTokenizerFast, *, projection: bool = False, act: str = "quick_gelu") -> torch.nn.Module:
    config = CLIPTextConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=32,
        hidden_act=act,
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


T5_SIZES: dict[str, Any] = {"d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4, "feed_forward_proj": "gated-gelu"}


def t5_text(tokenizer: PreTrainedTokenizerFast, width: int = 32) -> torch.nn.Module:
    return T5EncoderModel(T5Config(vocab_size=len(tokenizer), d_model=width, **T5_SIZES))


MMDIT_SIZES: dict[str, Any] = {
    "sample_size": 16,
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 4,
    "attention_head_dim": 8,
    "num_attention_heads": 4,
    "caption_projection_dim": 32,
}
"""What the transformers of SD3 and AuraFlow have in common here."""


def kl_vae(channels: int, *, scaling: float, shift: float | None = None, blocks: int = 2) -> AutoencoderKL:
    block = "{}EncoderBlock2D"
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=[block.format("Down")] * blocks,
        up_block_types=["UpDecoderBlock2D"] * blocks,
        block_out_channels=[8] * blocks,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        scaling_factor=scaling,
        shift_factor=shift,
        use_quant_conv=shift is None,
        use_post_quant_conv=shift is None,
    )


def flux(guidance_embeds: bool) -> FluxPipeline:
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=guidance_embeds,
    )
    clip, t5 = clip_tokenizer(), t5_tokenizer()
    return FluxPipeline(
        transformer=transformer,
        text_encoder=clip_text(clip),
        tokenizer=clip,
        text_encoder_2=t5_text(t5),
        tokenizer_2=t5,
        vae=kl_vae(4, scaling=0.3611, shift=0.1159),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=guidance_embeds),
    )


def sd3() -> StableDiffusion3Pipeline:
    transformer = SD3Transformer2DModel(
        **MMDIT_SIZES,
        num_layers=2,
        joint_attention_dim=64,
        pooled_projection_dim=64,
        pos_embed_max_size=24,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    )
    clip, clip_g, t5 = clip_tokenizer(), clip_tokenizer("!"), t5_tokenizer()
    return StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=kl_vae(4, scaling=1.5305, shift=0.0609),
        text_encoder=clip_text(clip, projection=True),
        tokenizer=clip,
        text_encoder_2=clip_text(clip_g, projection=True, act="gelu"),
        tokenizer_2=clip_g,
        text_encoder_3=t5_text(t5, width=64),
        tokenizer_3=t5,
    )


def sana() -> SanaPipeline:
    transformer = SanaTransformer2DModel(
        patch_size=1,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        num_attention_heads=2,
        attention_head_dim=8,
        num_cross_attention_heads=2,
        cross_attention_head_dim=8,
        cross_attention_dim=16,
        caption_channels=8,
        sample_size=32,
    )
    vae = AutoencoderDC(
        in_channels=3,
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=[1, 1],
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    )
    tokenizer = gemma_tokenizer()
    config = Gemma2Config(
        head_dim=8,
        hidden_size=8,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=2,
        num_key_value_heads=1,
        vocab_size=len(tokenizer),
        attn_implementation="eager",
    )
    return SanaPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        text_encoder=Gemma2Model(config),
        tokenizer=tokenizer,
    )


def auraflow() -> AuraFlowPipeline:
    transformer = AuraFlowTransformer2DModel(
        **MMDIT_SIZES,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        joint_attention_dim=32,
        pos_embed_max_size=256,
    )
    t5 = t5_tokenizer()
    config = UMT5Config(vocab_size=len(t5), d_model=32, **T5_SIZES)
    return AuraFlowPipeline(
        transformer=transformer,
        vae=kl_vae(4, scaling=0.13025),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
        text_encoder=UMT5EncoderModel(config),
        tokenizer=t5,
    )


def unet(**sizes: object) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **sizes,
    )


def ddim() -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )


def stable_diffusion() -> StableDiffusionPipeline:
    clip = clip_tokenizer()
    return StableDiffusionPipeline(
        unet=unet(cross_attention_dim=32, attention_head_dim=2),
        vae=kl_vae(4, scaling=0.18215),
        scheduler=ddim(),
        text_encoder=clip_text(clip),
        tokenizer=clip,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl() -> StableDiffusionXLPipeline:
    clip, clip_g = clip_tokenizer(), clip_tokenizer("!")
    return StableDiffusionXLPipeline(
        unet=unet(
            cross_attention_dim=64,
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 2),
            projection_class_embeddings_input_dim=80,
        ),
        vae=kl_vae(4, scaling=0.13025),
        scheduler=ddim(),
        text_encoder=clip_text(clip),
        tokenizer=clip,
        text_encoder_2=clip_text(clip_g, projection=True, act="gelu"),
        tokenizer_2=clip_g,
        force_zeros_for_empty_prompt=True,
    )


TINY: dict[str, Callable[[], DiffusionPipeline]] = {
    "flux-schnell": lambda: flux(guidance_embeds=False),
    "flux-dev": lambda: flux(guidance_embeds=True),
    "sd3": sd3,
    "sana": sana,
    "auraflow": auraflow,
    "stable-diffusion": stable_diffusion,
    "stable-diffusion-xl": stable_diffusion_xl,
}


def tiny_pipeline(name: str, seed: int = 0) -> DiffusionPipeline:
    """The tiny pipeline of a name in TINY, on the CPU in float32, in evaluation mode."""
    torch.manual_seed(seed)
    pipeline = TINY[name]()
    for component in pipeline.components.values():
        if isinstance(component, torch.nn.Module):
            component.eval()
            livelier(component)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def livelier(module: torch.nn.Module) -> None:
    """Layers that start at zero (modulations, last projections) would hide a graph that leaves them out."""
    for name, parameter in module.named_parameters():
        if (parameter.ndim > 1 and parameter.detach().abs().max() == 0) or (parameter.ndim == 1 and name.endswith("bias")):
            torch.nn.init.normal_(parameter, std=0.05)
